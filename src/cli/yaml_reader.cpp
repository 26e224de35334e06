#include "cli/yaml_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

/// yaml-cpp takes a second for each megabyte or so.
constexpr std::size_t file_size_max = 1024UL * 1024;
/// Of all values of a file as JSON: an alias stands for a whole tree, and one in another for many.
constexpr std::size_t values_size_max = 4UL * 1024 * 1024;
constexpr int nesting_max = 64;

std::string scalar_json(const YAML::Node& node) {
  const std::string& written = node.Scalar();
  const bool plain = node.Tag() == "?";
  if (plain && (written == "~" || written.empty())) {
    return "null";
  }
  if (plain && !find_json_fault(written, JsonDialect::strict) &&
      json_type(written) != JsonType::string && written.find_first_of("{[") == std::string::npos) {
    return written;
  }
  return json_quote(written);
}

}  // namespace

YAML::Node YamlReader::load(const std::string& content) const {
  if (content.size() > file_size_max) {
    throw usage_error(fmt::format("{} has more than {} bytes", printable(file_), file_size_max));
  }
  try {
    return YAML::Load(content);
  } catch (const YAML::Exception& error) {
    throw fail_at(
        static_cast<std::size_t>(error.mark.line) + 1, printable(error.msg),
        "a text with ': ' or ' #' in it, or a bracket or quote at its start, must stand in "
        "quotes");
  }
}

Error YamlReader::fail(const YAML::Node& where, std::string_view why, std::string hint) const {
  return fail_at(line(where), why, std::move(hint));
}

Error YamlReader::fail_at(std::size_t line, std::string_view why, std::string hint) const {
  return usage_error(fmt::format("{}:{}: {}", printable(file_), line, why), std::move(hint));
}

void YamlReader::at(std::size_t line, const std::function<void()>& action) const {
  try {
    action();
  } catch (const Error& error) {
    if (std::string_view(error.what()).starts_with(printable(file_) + ":")) {
      throw;
    }
    throw fail_at(line, error.what(), error.failure().hint);
  }
}

void YamlReader::check_keys(const YAML::Node& map, const std::vector<std::string>& known) const {
  check_mapping(map);
  const auto is_known = [&known](std::string_view key) {
    return std::find(known.begin(), known.end(), key) != known.end();
  };
  for (const auto& entry : map) {
    const std::string key = text(entry.first);
    if (!is_known(key) && !(key.starts_with('/') && is_known("/"))) {
      const std::string meant = suggestion(key, known);
      throw fail(entry.first, fmt::format("unknown key '{}'", printable(shortened(key, 60))),
                 meant.empty() ? fmt::format("there are {}", fmt::join(known, ", ")) : meant);
    }
  }
}

void YamlReader::check_mapping(const YAML::Node& map) const {
  if (!map.IsMap()) {
    throw fail(map, "this is not a mapping");
  }
  std::vector<std::string> seen;
  for (const auto& entry : map) {
    seen.push_back(text(entry.first));
    if (std::find(seen.begin(), seen.end() - 1, seen.back()) != seen.end() - 1) {
      throw fail(entry.first,
                 fmt::format("'{}' is given twice", printable(shortened(seen.back(), 60))));
    }
  }
}

std::string YamlReader::text(const YAML::Node& node) const {
  if (!node.IsScalar()) {
    throw fail(node, "this is not a text");
  }
  return node.Scalar();
}

std::size_t YamlReader::line(const YAML::Node& node) {
  return node ? static_cast<std::size_t>(node.Mark().line + 1) : 1;
}

std::string YamlReader::json(const YAML::Node& node) const {
  std::string out;
  append_json(node, out, 0);
  values_size_ += out.size();
  return out;
}

void YamlReader::append_json(const YAML::Node& node, std::string& out, int depth) const {
  if (depth > nesting_max || values_size_ + out.size() > values_size_max) {
    throw fail(node, "the value is nested too deep, or all of them are too large");
  }
  if (!node.IsDefined()) {
    out += "null";
    return;
  }
  const char* separator = "";
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      out += "null";
      return;
    case YAML::NodeType::Scalar:
      out += scalar_json(node);
      return;
    case YAML::NodeType::Sequence:
      out += '[';
      for (const YAML::Node& item : node) {
        out += separator;
        append_json(item, out, depth + 1);
        separator = ", ";
      }
      out += ']';
      return;
    case YAML::NodeType::Map:
      check_mapping(node);
      out += '{';
      for (const auto& entry : node) {
        out += separator + json_quote(text(entry.first)) + ": ";
        append_json(entry.second, out, depth + 1);
        separator = ", ";
      }
      out += '}';
  }
}

}  // namespace miko::cli
