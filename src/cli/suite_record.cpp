#include "cli/suite_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "base/json_query.h"
#include "base/text.h"
#include "cli/expectation_difference.h"
#include "cli/pattern.h"
#include "cli/value_line.h"

namespace miko::cli {
namespace {

constexpr std::size_t expectations_max = 50;
/// What is longer is looked into instead of being compared as a whole.
constexpr std::size_t value_characters_max = 2000;

/// A text that is another one each time, by an expression that fits all of them; empty for others.
std::string_view form_of(std::string_view json) {
  constexpr std::string_view uuid =
      "^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$";
  constexpr std::string_view time = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}";
  if (json_type(json) == JsonType::string) {
    const std::string text = json_decode_string(json);
    for (const std::string_view form : {uuid, time}) {
      if (Pattern(form).found_in(text)) {
        return form;
      }
    }
  }
  return {};
}

bool has_form_inside(std::string_view json) {
  const JsonType type = json_type(json);
  if (type != JsonType::array && type != JsonType::object) {
    return !form_of(json).empty();
  }
  const std::vector<JsonMember> members = json_members(json);
  return std::any_of(members.begin(), members.end(),
                     [](const JsonMember& member) { return has_form_inside(member.value); });
}

/// A JSON text as YAML has it, with "${" standing for itself.
std::string yaml(std::string_view json) {
  std::string text = value_line(json);
  for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 3)) {
    text.insert(at, "$");
  }
  return text;
}

std::string yaml_text(std::string_view text) {
  return yaml(json_quote(text));
}

/// Makes expectations that hold for several values of one place.
class Expecting {
 public:
  void add(const std::string& pointer, const std::vector<std::string_view>& values) {
    if (lines_.size() >= expectations_max) {
      return;
    }
    const std::string_view last = values.back();
    const bool same = std::all_of(values.begin(), values.end(),
                                  [last](std::string_view one) { return json_equal(one, last); });
    if (same && !has_form_inside(last) && last.size() <= value_characters_max) {
      lines_.push_back(fmt::format("{}: {}", yaml_text(pointer), yaml(last)));
      return;
    }
    const JsonType type = json_type(last);
    const bool same_type = std::all_of(values.begin(), values.end(), [type](std::string_view one) {
      return json_type(one) == type;
    });
    if (!same_type) {
      add_expression(pointer, "exists");
    } else if (type == JsonType::object) {
      add_members(pointer, values);
    } else if (type == JsonType::array) {
      add_items(pointer, values);
    } else if (const std::string_view form = form_of(last); !form.empty()) {
      add_expression(pointer, fmt::format("~ {}", form));
    } else {
      add_expression(pointer, fmt::format("type {}", type_word(last)));
    }
  }

  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  void add_expression(const std::string& pointer, std::string_view rest) {
    const bool quoted = pointer.find(' ') != std::string::npos;
    lines_.push_back(yaml_text(fmt::format("{}{}{}", quoted ? json_quote(pointer) : pointer,
                                           pointer.empty() ? "" : " ", rest)));
  }

  void add_members(const std::string& pointer, const std::vector<std::string_view>& values) {
    for (const JsonMember& member : json_members(values.back())) {
      const std::string key = json_decode_string(member.key);
      std::vector<std::string_view> below;
      below.reserve(values.size());
      for (const std::string_view value : values) {
        if (const std::optional<std::string_view> found = json_find(value, key)) {
          below.push_back(*found);
        }
      }
      if (below.size() == values.size()) {
        add(pointer + pointer_step(key), below);
      }
    }
  }

  void add_items(const std::string& pointer, const std::vector<std::string_view>& values) {
    std::vector<std::vector<JsonMember>> items;
    items.reserve(values.size());
    for (const std::string_view value : values) {
      items.push_back(json_members(value));
    }
    const std::size_t length = items.back().size();
    if (std::any_of(items.begin(), items.end(),
                    [length](const auto& one) { return one.size() != length; })) {
      add_expression(pointer, "type array");
      return;
    }
    add_expression(pointer, fmt::format("length {}", length));
    for (std::size_t i = 0; i < length; ++i) {
      std::vector<std::string_view> below;
      below.reserve(items.size());
      for (const auto& one : items) {
        below.push_back(one[i].value);
      }
      add(fmt::format("{}/{}", pointer, i), below);
    }
  }

  std::vector<std::string> lines_ = {};
};

/// The error of a line as `expect_error` takes it; empty if it says nothing of the call.
std::string error_name(std::string_view error) {
  const auto text_at = [error](std::string_view pointer) {
    const std::optional<std::string_view> found = json_at(error, pointer);
    return found && json_type(*found) == JsonType::string ? json_decode_string(*found) : "";
  };
  const std::string type = text_at("/remote/exc_type");
  return !type.empty() ? type : text_at("/code") == "bad_reply" ? "bad_reply" : "";
}

Error at_line(std::size_t line, std::string_view why, std::string hint = {}) {
  return usage_error(fmt::format("line {}: {}", line, why), std::move(hint));
}

}  // namespace

void RecordedCall::add(const Reply& reply) {
  if (reply.ok()) {
    results.push_back(reply.result);
    error.reset();
  } else if (reply.remote || reply.failure->kind == ErrorKind::unknown_service) {
    results.clear();
    error = reply.remote ? reply.remote->exc_type : std::string(error_code(reply.failure->kind));
  }
}

void Recorded::add(std::string_view json, std::size_t line) {
  std::array picks = {JsonPick{"service"}, JsonPick{"method"}, JsonPick{"args"},
                      JsonPick{"kwargs"},  JsonPick{"ctx"},    JsonPick{"headers"},
                      JsonPick{"ok"},      JsonPick{"result"}, JsonPick{"error"}};
  if (pick_json_members(json, JsonDialect::python, picks) || json_type(json) != JsonType::object) {
    throw at_line(line, "this is not a JSON object", "a line of miko tap --record is one");
  }
  const auto name = [](const JsonPick& pick) {
    return pick.value && json_type(*pick.value) == JsonType::string
               ? json_decode_string(*pick.value)
               : "";
  };
  const auto given = [](const JsonPick& pick) {
    return pick.value && *pick.value != "null" ? *pick.value : std::string_view();
  };
  RecordedCall call = {.target = {.service = name(picks[0]), .method = name(picks[1])},
                       .line = line};
  if (const std::size_t dot = call.target.method.rfind('.');
      call.target.service.empty() && dot != std::string::npos) {
    call.target = {.service = call.target.method.substr(0, dot),
                   .method = call.target.method.substr(dot + 1)};
  }
  if (call.target.service.empty() || call.target.method.empty()) {
    throw at_line(line, "there is no service or no method");
  }
  const bool answered = picks[6].value.has_value();
  if (answered && !picks[2].value && !picks[3].value) {
    throw at_line(line, "this is an answer without the arguments of its call",
                  "record with miko tap --record, or give the lines that miko batch reads");
  }
  const std::string error = picks[8].value ? error_name(*picks[8].value) : "";
  const bool omitted = answered && given(picks[2]).empty() && given(picks[3]).empty();
  if (omitted ||
      (answered && given(picks[7]).empty() && *picks[6].value == "true" &&
       json_find(json, "omitted")) ||
      (answered && *picks[6].value != "true" && error.empty())) {
    ++passed_over_;
    return;
  }
  call.arguments = parse_json_arguments(given(picks[2]), given(picks[3]));
  call.arguments.context = given(picks[4]).empty() ? "{}" : std::string(given(picks[4]));
  call.arguments.headers =
      answered || given(picks[5]).empty() ? "{}" : std::string(given(picks[5]));
  const auto same = std::find_if(calls_.begin(), calls_.end(), [&call](const RecordedCall& one) {
    return one.target.service == call.target.service && one.target.method == call.target.method &&
           json_equal(one.arguments.args, call.arguments.args) &&
           json_equal(one.arguments.kwargs, call.arguments.kwargs) &&
           json_equal(one.arguments.context, call.arguments.context);
  });
  RecordedCall& kept = same != calls_.end() ? *same : calls_.emplace_back(std::move(call));
  if (answered && *picks[6].value == "true") {
    kept.results.emplace_back(picks[7].value.value_or("null"));
    kept.error.reset();
  } else if (answered) {
    kept.results.clear();
    kept.error = error;
  }
}

std::string case_yaml(const RecordedCall& call) {
  std::string text = fmt::format("  - service: {}\n    method: {}\n",
                                 yaml_text(call.target.service), yaml_text(call.target.method));
  const auto add = [&text](std::string_view key, std::string_view json) {
    if (!json_members(json).empty()) {
      text += fmt::format("    {}: {}\n", key, yaml(json));
    }
  };
  add("args", call.arguments.args);
  add("kwargs", call.arguments.kwargs);
  add("ctx", call.arguments.context);
  add("headers", call.arguments.headers);
  if (call.error) {
    return text + fmt::format("    expect_error: {}\n", yaml_text(*call.error));
  }
  Expecting expecting;
  expecting.add("", std::vector<std::string_view>(call.results.begin(), call.results.end()));
  if (!expecting.lines().empty()) {
    text += "    expect:\n";
  }
  for (const std::string& line : expecting.lines()) {
    text += fmt::format("      - {}\n", line);
  }
  return text;
}

}  // namespace miko::cli
