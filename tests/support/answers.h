#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace miko::test {

/// One line that a batch printed. Members are JSON texts, but for `code`, `executed` and `message`,
/// which are empty on success.
struct Answer {
  int index = -1;
  std::string id = "";
  std::string ok = "";
  std::string service = "";
  std::string method = "";
  std::string result = "";
  std::string code = "";
  std::string executed = "";
  std::string message = "";
};

/// The value of a member as JSON, "<missing>" if there is none.
inline std::string json_at(std::string_view object, std::string_view key) {
  const std::optional<std::string_view> value = json_find(object, key);
  return std::string(value.value_or("<missing>"));
}

inline std::string json_text_at(std::string_view object, std::string_view key) {
  const std::string value = json_at(object, key);
  return value.starts_with('"') ? json_decode_string(value) : value;
}

inline Answer answer_of(std::string_view line) {
  if (find_json_fault(line, JsonDialect::python) || json_type(line) != JsonType::object) {
    return {.message = "no object: " + std::string(line)};
  }
  Answer answer = {.index = std::stoi(json_at(line, "index")),
                   .id = json_at(line, "id"),
                   .ok = json_at(line, "ok"),
                   .service = json_at(line, "service"),
                   .method = json_at(line, "method"),
                   .result = json_at(line, "result")};
  if (const std::string error = json_at(line, "error"); error.starts_with('{')) {
    answer.code = json_text_at(error, "code");
    answer.executed = json_text_at(error, "executed");
    answer.message = json_text_at(error, "message");
  }
  return answer;
}

/// The lines of a batch, in the order in which they came.
inline std::vector<Answer> answers_of(std::string_view out) {
  std::vector<Answer> answers;
  for (std::size_t end = out.find('\n'); end != std::string_view::npos; end = out.find('\n')) {
    answers.push_back(answer_of(out.substr(0, end)));
    out.remove_prefix(end + 1);
  }
  if (!out.empty()) {
    answers.push_back({.message = "no newline behind: " + std::string(out)});
  }
  return answers;
}

/// The same, in the order of the input.
inline std::vector<Answer> sorted_answers_of(std::string_view out) {
  std::vector<Answer> answers = answers_of(out);
  std::sort(answers.begin(), answers.end(),
            [](const Answer& left, const Answer& right) { return left.index < right.index; });
  return answers;
}

/// Whether every index from 0 to `count` - 1 has exactly one answer.
inline bool answers_each_once(std::vector<Answer> answers, std::size_t count) {
  std::map<int, int> times;
  for (const Answer& answer : answers) {
    ++times[answer.index];
  }
  return answers.size() == count && times.size() == count && times.begin()->first == 0 &&
         times.rbegin()->first == static_cast<int>(count) - 1;
}

}  // namespace miko::test
