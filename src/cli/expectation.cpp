#include "cli/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

constexpr std::pair<std::string_view, Comparison> operators[] = {
    {"==", Comparison::equal},      {"!=", Comparison::unequal},       {"<=", Comparison::at_most},
    {">=", Comparison::at_least},   {"<", Comparison::less},           {">", Comparison::greater},
    {"~", Comparison::matches},     {"exists", Comparison::exists},    {"type", Comparison::type},
    {"length", Comparison::length}, {"contains", Comparison::contains}};

constexpr std::string_view how_to_write =
    R"(write POINTER OPERATOR VALUE: '/total >= 10', '/name ~ ^A', '/items length 3')";

const std::vector<std::string>& type_words() {
  static const std::vector<std::string> words = {"null",   "boolean", "number", "integer",
                                                 "string", "array",   "object"};
  return words;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (is_blank(text.back()) || text.back() == '\n')) {
    text.remove_suffix(1);
  }
  return text;
}

Error bad(std::string_view text, std::string_view why, std::string hint = {}) {
  return usage_error(
      fmt::format("'{}' is no expectation: {}", printable(shortened(text, 120)), why),
      hint.empty() ? std::string(how_to_write) : std::move(hint));
}

/// The operator at the front of `text`, with a blank or nothing behind it.
const std::pair<std::string_view, Comparison>* operator_at(std::string_view text) {
  for (const auto& one : operators) {
    if (text.starts_with(one.first) &&
        (text.size() == one.first.size() || is_blank(text[one.first.size()]))) {
      return &one;
    }
  }
  return nullptr;
}

/// Where an operator with blanks around it begins; the end if there is none.
std::size_t find_operator(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if ((at == 0 || is_blank(text[at - 1])) && operator_at(text.substr(at)) != nullptr) {
      return at;
    }
  }
  return text.size();
}

/// What is wrong with a text that has no operator.
Error no_operator(std::string_view text) {
  for (const auto& [word, comparison] : operators) {
    const bool symbol = comparison < Comparison::exists;
    if (symbol && text.find(word) != std::string_view::npos) {
      return bad(text, "no operator with blanks around it",
                 fmt::format("put a blank before and behind {}", word));
    }
  }
  const std::size_t blank = std::min(text.find(' '), text.size());
  const std::string_view rest = trimmed(text.substr(blank));
  const std::string word(rest.substr(0, rest.find(' ')));
  if (word.empty()) {
    return bad(text, "no operator", fmt::format("write '{} exists' if that is meant", text));
  }
  std::vector<std::string> known;
  for (const auto& one : operators) {
    known.emplace_back(one.first);
  }
  return bad(text, fmt::format("unknown operator '{}'", printable(shortened(word, 40))),
             suggestion(word, known));
}

/// A JSON string at the front, as the pointer; sets `rest` to what is behind it.
std::string quoted_pointer(std::string_view text, std::string_view& rest) {
  for (std::size_t end = text.find('"', 1); end != std::string_view::npos;
       end = text.find('"', end + 1)) {
    const std::string_view token = text.substr(0, end + 1);
    if (!find_json_fault(token, JsonDialect::strict)) {
      rest = trimmed(text.substr(end + 1));
      return json_decode_string(token);
    }
  }
  throw bad(text, "its first quote has no end");
}

/// Quotes around a regular expression are for those who like them there.
std::string without_quotes(std::string text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

std::string required_json(const ExpectationText& parts) {
  const std::string_view operand = parts.operand;
  if (operand.empty()) {
    throw bad(fmt::format("{} {}", parts.pointer, operator_word(parts.comparison)),
              fmt::format("nothing stands behind {}", operator_word(parts.comparison)));
  }
  if (const auto fault = find_json_fault(operand, JsonDialect::python)) {
    throw usage_error(
        fmt::format("'{}' behind {} is not JSON: {}", printable(shortened(operand, 80)),
                    operator_word(parts.comparison), fault->what),
        fmt::format("a text has quotes around it: {}", shortened(json_quote(operand), 80)));
  }
  return std::string(operand);
}

Expectation length_expectation(ExpectationText parts) {
  Expectation made = {.pointer = parts.pointer, .comparison = Comparison::length};
  std::string_view rest = parts.operand;
  if (const auto* const found = operator_at(rest)) {
    made.length_comparison = found->second;
    rest = trimmed(rest.substr(found->first.size()));
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || end != rest.data() + rest.size() ||
      made.length_comparison > Comparison::at_least) {
    throw bad(fmt::format("{} length {}", parts.pointer, parts.operand),
              "a length is a whole number", "write '/items length 3' or '/items length >= 3'");
  }
  made.operand = rest;
  return made;
}

}  // namespace

std::string_view operator_word(Comparison comparison) {
  return std::find_if(std::begin(operators), std::end(operators),
                      [comparison](const auto& one) { return one.second == comparison; })
      ->first;
}

void check_pointer(std::string_view pointer) {
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    const bool escape = pointer[i] == '~';
    if ((i == 0 && pointer[i] != '/') ||
        (escape && (i + 1 == pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1')))) {
      throw usage_error(
          fmt::format("'{}' is no JSON pointer", printable(shortened(pointer, 80))),
          escape ? "'~' is written ~0, and '/' in a key ~1"
                 : fmt::format("a pointer begins with '/': /{}", shortened(pointer, 80)));
    }
  }
}

ExpectationText split_expectation(std::string_view text) {
  const std::string_view all = trimmed(text);
  std::string_view rest = all;
  ExpectationText parts;
  if (rest.starts_with('"')) {
    parts.pointer = quoted_pointer(rest, rest);
  } else {
    const std::size_t at = find_operator(rest);
    parts.pointer = trimmed(rest.substr(0, at));
    rest = rest.substr(at);
  }
  const auto* const found = operator_at(rest);
  if (found == nullptr) {
    throw no_operator(all);
  }
  parts.comparison = found->second;
  parts.operand = trimmed(rest.substr(found->first.size()));
  return parts;
}

Expectation make_expectation(ExpectationText parts) {
  check_pointer(parts.pointer);
  Expectation made = {.pointer = parts.pointer, .comparison = parts.comparison};
  switch (parts.comparison) {
    case Comparison::exists:
      made.operand = parts.operand.empty() ? "true" : parts.operand;
      if (made.operand != "true" && made.operand != "false") {
        throw bad(fmt::format("{} exists {}", parts.pointer, parts.operand),
                  "behind exists stands nothing, true or false");
      }
      return made;
    case Comparison::type: {
      made.operand = without_quotes(parts.operand);
      const auto& words = type_words();
      if (std::find(words.begin(), words.end(), made.operand) == words.end()) {
        const std::string meant = suggestion(made.operand, words);
        throw usage_error(
            fmt::format("'{}' is no type", printable(shortened(made.operand, 40))),
            meant.empty() ? fmt::format("there are {}", fmt::join(words, ", ")) : meant);
      }
      return made;
    }
    case Comparison::length:
      return length_expectation(std::move(parts));
    case Comparison::matches:
      made.operand = without_quotes(parts.operand);
      if (made.operand.empty()) {
        throw bad(fmt::format("{} ~", parts.pointer), "nothing stands behind ~");
      }
      made.pattern.emplace(made.operand);
      return made;
    default:
      made.operand = required_json(parts);
  }
  const bool ordered =
      parts.comparison >= Comparison::less && parts.comparison <= Comparison::at_least;
  const JsonType type = json_type(made.operand);
  if (ordered && type != JsonType::number && type != JsonType::string) {
    throw bad(
        fmt::format("{} {} {}", parts.pointer, operator_word(parts.comparison), parts.operand),
        "only numbers and strings have an order");
  }
  return made;
}

Expectation parse_expectation(std::string_view text) {
  return make_expectation(split_expectation(text));
}

}  // namespace miko::cli
