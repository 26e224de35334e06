#include "cli/batch_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

enum Key : std::size_t { service, method, args, kwargs, ctx, headers, id, key_count };

constexpr std::array<std::string_view, key_count> key_names = {
    "service", "method", "args", "kwargs", "ctx", "headers", "id"};

/// The members of one value, each at most once.
class Record {
 public:
  explicit Record(const std::vector<JsonMember>& members) {
    for (const JsonMember& member : members) {
      const bool plain = plain_prefix(member.key.substr(1)) + 2 == member.key.size();
      plain ? add(member.key.substr(1, member.key.size() - 2), member.value)
            : add(json_decode_string(member.key), member.value);
    }
  }

  /// Throws what was wrong with the keys.
  void check() const {
    if (!fault_.empty()) {
      throw usage_error(fault_, hint_);
    }
  }

  /// Empty if it is missing.
  [[nodiscard]] std::string_view json(Key key) const { return values_[key]; }

  [[nodiscard]] std::string text(Key key) const {
    const std::string_view value = json(key);
    return !value.empty() && json_type(value) == JsonType::string ? json_decode_string(value)
                                                                  : std::string();
  }

 private:
  void add(std::string_view key, std::string_view value) {
    const auto* const known = std::find(key_names.begin(), key_names.end(), key);
    if (known != key_names.end()) {
      std::string_view& kept = values_[static_cast<std::size_t>(known - key_names.begin())];
      if (!kept.empty() && fault_.empty()) {
        fault_ = fmt::format("'{}' is given twice", key);
      }
      kept = value;
      return;
    }
    if (fault_.empty()) {
      const std::string meant = suggestion(std::string(key), {key_names.begin(), key_names.end()});
      fault_ = fmt::format("unknown key '{}'", shown_word(key, 60));
      hint_ =
          meant.empty() ? "service, method, args, kwargs, ctx, headers and id are known" : meant;
    }
  }

  std::array<std::string_view, key_count> values_ = {};
  std::string fault_ = {};
  std::string hint_ = {};
};

/// A name that must be a string and not empty.
void check_name(const Record& record, Key key, const std::string& name) {
  if (name.empty()) {
    throw usage_error(fmt::format("'{}' is {}", key_names[key],
                                  record.json(key).empty() ? "missing" : "not a name"),
                      R"(write {"service": "orders", "method": "get", "args": ["A-1"]})");
  }
}

Target read_target(const Record& record) {
  Target target = {.service = record.text(service), .method = record.text(method)};
  const std::size_t dot = target.method.rfind('.');
  if (record.json(service).empty() && dot != std::string::npos) {
    target.service = target.method.substr(0, dot);
    target.method.erase(0, dot + 1);
  }
  return target;
}

std::string object_or_empty(const Record& record, Key key) {
  const std::string_view value = record.json(key);
  if (value.empty()) {
    return "{}";
  }
  if (json_type(value) != JsonType::object) {
    throw usage_error(fmt::format("'{}' is not a JSON object", key_names[key]));
  }
  return std::string(value);
}

Error at_line(const Error& error, std::size_t line) {
  Failure failure = error.failure();
  failure.message = fmt::format("line {}: {}", line, failure.message);
  return Error(std::move(failure));
}

}  // namespace

void read_batch_call(std::string_view json, std::size_t line, BatchCall& call) {
  std::vector<JsonMember> members;
  if (split_json(json, JsonDialect::strict, members)) {
    require_json_value(json, line);
  }
  try {
    if (json_type(json) != JsonType::object) {
      throw usage_error("not a JSON object",
                        R"(write {"service": "orders", "method": "get", "args": ["A-1"]})");
    }
    const Record record(members);
    if (const std::string_view mark = record.json(id); !mark.empty()) {
      call.id = json_format(mark, JsonLayout::compact);
    }
    call.target = read_target(record);
    record.check();
    check_name(record, service, call.target.service);
    check_name(record, method, call.target.method);
    call.arguments = parse_json_arguments(record.json(args), record.json(kwargs));
    call.arguments.context = object_or_empty(record, ctx);
    call.arguments.headers = object_or_empty(record, headers);
  } catch (const Error& error) {
    throw at_line(error, line);
  }
}

void read_batch_arguments(std::string_view json, std::size_t line, BatchCall& call) {
  require_json_value(json, line);
  try {
    Arguments arguments = parse_json_arguments(json, {});
    call.arguments.args = std::move(arguments.args);
    call.arguments.kwargs = std::move(arguments.kwargs);
  } catch (const Error& error) {
    throw at_line(error, line);
  }
}

}  // namespace miko::cli
