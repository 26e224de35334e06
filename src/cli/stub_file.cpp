#include "cli/stub_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/duration.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

/// yaml-cpp takes a second for each megabyte or so.
constexpr std::size_t file_size_max = 1024UL * 1024;
/// An alias stands for a whole tree, and one in another for many.
constexpr std::size_t value_size_max = 16UL * 1024 * 1024;
constexpr int nesting_max = 64;

/// Reads one file and says where it is wrong.
class StubReader {
 public:
  StubReader(const std::string& file, std::string_view service) : file_(file), service_(service) {}

  void read(const YAML::Node& root, Stubs& stubs) const {
    check_keys(root, {"service", "methods"});
    if (const YAML::Node service = root["service"]; service && text(service) != service_) {
      throw fail(service, fmt::format("it is for the service '{}'", printable(text(service))));
    }
    const YAML::Node methods = root["methods"];
    if (!methods || !methods.IsMap()) {
      throw fail(methods ? methods : root, "it has no mapping 'methods'");
    }
    for (const auto& method : methods) {
      at(method.first, [&] { stubs.add_method(text(method.first), read_method(method.second)); });
    }
  }

 private:
  [[nodiscard]] Error fail(const YAML::Node& where, std::string_view why,
                           std::string hint = {}) const {
    return usage_error(
        fmt::format("{}:{}: {}", printable(file_), where ? where.Mark().line + 1 : 1, why),
        std::move(hint));
  }

  /// Gives what `action` finds wrong its place.
  template <class Action>
  void at(const YAML::Node& where, const Action& action) const {
    try {
      action();
    } catch (const Error& error) {
      throw std::string_view(error.what()).starts_with(printable(file_) + ":")
          ? error
          : fail(where, error.what(), error.failure().hint);
    }
  }

  void check_keys(const YAML::Node& map, std::initializer_list<const char*> known) const {
    if (!map.IsMap()) {
      throw fail(map, "this is not a mapping");
    }
    const std::vector<std::string> names(known.begin(), known.end());
    std::vector<std::string> seen;
    for (const auto& entry : map) {
      const std::string key = text(entry.first);
      if (std::find(names.begin(), names.end(), key) == names.end() && !key.starts_with('/')) {
        throw fail(entry.first, fmt::format("unknown key '{}'", printable(shortened(key, 60))),
                   suggestion(key, names));
      }
      if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
        throw fail(entry.first, fmt::format("'{}' is given twice", printable(key)));
      }
      seen.push_back(key);
    }
  }

  [[nodiscard]] std::string text(const YAML::Node& node) const {
    if (!node.IsScalar()) {
      throw fail(node, "this is not a text");
    }
    return node.Scalar();
  }

  [[nodiscard]] StubbedMethod read_method(const YAML::Node& node) const {
    check_keys(node, {"params", "stubs", "when", "reply", "raise", "exec", "echo", "delay"});
    StubbedMethod method;
    if (const YAML::Node params = node["params"]) {
      at(params, [&] { method.signature = Signature::parse(parameters(params)); });
    }
    const YAML::Node several = node["stubs"];
    if (!several) {
      method.stubs.push_back(read_stub(node));
      return method;
    }
    if (!several.IsSequence() || several.size() == 0) {
      throw fail(several, "'stubs' is not a list");
    }
    for (const char* key : {"when", "reply", "raise", "exec", "echo", "delay"}) {
      if (node[key]) {
        throw fail(node[key], fmt::format("'{}' belongs into an entry of 'stubs'", key));
      }
    }
    for (const YAML::Node& stub : several) {
      check_keys(stub, {"when", "reply", "raise", "exec", "echo", "delay"});
      method.stubs.push_back(read_stub(stub));
    }
    return method;
  }

  /// One text, or a list of parameters.
  [[nodiscard]] std::string parameters(const YAML::Node& node) const {
    if (!node.IsSequence()) {
      return text(node);
    }
    std::string all;
    for (const YAML::Node& one : node) {
      all += (all.empty() ? "" : ", ") + text(one);
    }
    return all;
  }

  [[nodiscard]] Stub read_stub(const YAML::Node& node) const {
    Stub stub;
    int actions = 0;
    if (const YAML::Node reply = node["reply"]) {
      ++actions;
      const std::string result = json(reply);
      if (result.find("{{/") == std::string::npos) {
        stub.action = Response{.result = result};
      } else {
        stub.action = Template{.result = result};
      }
    }
    if (const YAML::Node raise = node["raise"]) {
      ++actions;
      at(raise, [&] { stub.action = read_exception(raise); });
    }
    if (const YAML::Node program = node["exec"]) {
      ++actions;
      stub.action = Program{.command = text(program)};
    }
    if (const YAML::Node echo = node["echo"]) {
      ++actions;
      if (text(echo) != "true") {
        throw fail(echo, "'echo' is not true");
      }
      stub.action = Echo();
    }
    if (actions != 1) {
      throw fail(node, "there must be one of reply, raise, exec and echo");
    }
    if (const YAML::Node delay = node["delay"]) {
      at(delay, [&] { stub.delay = parse_duration("delay", text(delay)); });
    }
    if (const YAML::Node when = node["when"]) {
      stub.when = read_condition(when);
    }
    return stub;
  }

  /// "TYPE:MESSAGE", or {type, message}.
  [[nodiscard]] Template read_exception(const YAML::Node& node) const {
    std::string type;
    std::string message;
    if (node.IsMap()) {
      check_keys(node, {"type", "message"});
      type = node["type"] ? text(node["type"]) : "";
      message = node["message"] ? text(node["message"]) : "";
      static_cast<void>(raised_by(type));
    } else {
      const Response response = raised_by(text(node));
      type = response.error->exc_path;
      message = response.error->value;
    }
    return {.error = fmt::format(R"({{"type": {}, "message": {}}})", json_quote(type),
                                 json_quote(message))};
  }

  [[nodiscard]] Condition read_condition(const YAML::Node& node) const {
    check_keys(node, {"args", "kwargs", "params", "headers", "subset"});
    Condition when;
    std::string subset;
    for (const auto& entry : node) {
      const std::string key = text(entry.first);
      const std::string value = json(entry.second);
      if (key.starts_with('/')) {
        when.pointers.emplace_back(key, value);
        continue;
      }
      if (json_type(value) != (key == "args" ? JsonType::array : JsonType::object)) {
        throw fail(entry.second,
                   fmt::format("'{}' is not a {}", key, key == "args" ? "list" : "mapping"));
      }
      if (key == "args") {
        when.args = value;
      } else if (key == "kwargs") {
        when.kwargs = value;
      } else if (key == "subset") {
        when.subset = value;
      } else {
        when.pointers.emplace_back("/" + key, value);
      }
    }
    return when;
  }

  [[nodiscard]] std::string json(const YAML::Node& node) const {
    std::string out;
    append_json(node, out, 0);
    return out;
  }

  void append_json(const YAML::Node& node, std::string& out, int depth) const {
    if (depth > nesting_max || out.size() > value_size_max) {
      throw fail(node, "the value is nested too deep, or too large");
    }
    const char* separator = "";
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        out += "null";
        return;
      case YAML::NodeType::Scalar:
        out += scalar(node);
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
        out += '{';
        for (const auto& entry : node) {
          out += separator + json_quote(text(entry.first)) + ": ";
          append_json(entry.second, out, depth + 1);
          separator = ", ";
        }
        out += '}';
    }
  }

  /// A plain scalar that is a value of JSON is that value, digit for digit; all else is text.
  static std::string scalar(const YAML::Node& node) {
    const std::string& written = node.Scalar();
    const bool plain = node.Tag() == "?";
    if (plain && (written == "~" || written.empty())) {
      return "null";
    }
    if (plain && !find_json_fault(written, JsonDialect::strict) &&
        json_type(written) != JsonType::string && written.find('{') == std::string::npos &&
        written.find('[') == std::string::npos) {
      return written;
    }
    return json_quote(written);
  }

  const std::string& file_;
  std::string_view service_;
};

}  // namespace

void read_stub_file(const std::string& file, std::string_view service, FileInput& input,
                    Stubs& stubs) {
  const std::string text = input.read(file);
  if (text.size() > file_size_max) {
    throw usage_error(fmt::format("{} has more than {} bytes", printable(file), file_size_max));
  }
  try {
    StubReader(file, service).read(YAML::Load(text), stubs);
  } catch (const YAML::Exception& error) {
    throw usage_error(
        fmt::format("{}:{}: {}", printable(file), error.mark.line + 1, printable(error.msg)));
  }
}

}  // namespace miko::cli
