#include "cli/suite_case.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "cli/arguments.h"
#include "cli/expectation_difference.h"

namespace miko::cli {
namespace {

/// A part of a pointer, without the '/' in front.
std::string inside_pointer(std::string_view text) {
  return pointer_step(text).substr(1);
}

Expectation fill_expectation(const SuiteExpectation& one, const Lookup& lookup) {
  ExpectationText parts = {.pointer = fill_text(one.parts.pointer, lookup, inside_pointer),
                           .comparison = one.parts.comparison};
  switch (parts.comparison) {
    case Comparison::matches:
      parts.operand = fill_text(one.parts.operand, lookup, Pattern::literal);
      break;
    case Comparison::exists:
    case Comparison::type:
    case Comparison::length:
      parts.operand = fill_text(one.parts.operand, lookup);
      break;
    default:
      parts.operand = one.is_value ? fill_value(one.parts.operand, lookup)
                                   : fill_json(one.parts.operand, lookup);
  }
  return make_expectation(std::move(parts));
}

std::vector<Expectation> fill_expectations(const std::vector<SuiteExpectation>& all,
                                           const Lookup& lookup) {
  std::vector<Expectation> filled;
  filled.reserve(all.size());
  for (const SuiteExpectation& one : all) {
    filled.push_back(fill_expectation(one, lookup));
  }
  return filled;
}

std::string required_name(std::string_view what, std::string name) {
  if (name.empty()) {
    throw usage_error(fmt::format("the {} has no name", what));
  }
  return name;
}

/// " --args '[1]'"; nothing for what is empty.
std::string option(std::string_view name, std::string_view json) {
  const std::string text = json_format(json, JsonLayout::compact);
  return text == "[]" || text == "{}" ? "" : fmt::format(" {} {}", name, shell_quote(text));
}

std::string context_options(std::string_view context) {
  std::string options;
  for (const JsonMember& member : json_members(context)) {
    options += " --ctx " + shell_quote(fmt::format("{}:={}", json_decode_string(member.key),
                                                   json_format(member.value, JsonLayout::compact)));
  }
  return options;
}

/// Headers that are no text cannot be typed.
std::string header_options(std::string_view headers) {
  std::string options;
  for (const JsonMember& member : json_members(headers)) {
    if (json_type(member.value) == JsonType::string) {
      options += " -H " + shell_quote(fmt::format("{}:{}", json_decode_string(member.key),
                                                  json_decode_string(member.value)));
    }
  }
  return options;
}

}  // namespace

FilledCase fill_case(const SuiteCase& one, const Lookup& lookup) {
  FilledCase filled;
  if (!one.target.service.empty()) {
    filled.target = {.service = required_name("service", fill_text(one.target.service, lookup)),
                     .method = required_name("method", fill_text(one.target.method, lookup))};
    filled.arguments =
        parse_json_arguments(fill_value(one.args, lookup), fill_value(one.kwargs, lookup));
  }
  filled.arguments.context = fill_value(one.context, lookup);
  filled.arguments.headers = fill_value(one.headers, lookup);
  filled.expected.values = fill_expectations(one.expect, lookup);
  filled.expected.within = one.within;
  if (one.expect_error) {
    filled.expected.error = fill_text(*one.expect_error, lookup);
    check_expected_error(*filled.expected.error);
  }
  if (one.dispatch) {
    filled.dispatch =
        SuiteDispatch{.service = required_name("service", fill_text(one.dispatch->service, lookup)),
                      .event = required_name("event", fill_text(one.dispatch->event, lookup)),
                      .data = fill_value(one.dispatch->data, lookup)};
  }
  if (one.event) {
    filled.event =
        SuiteEvent{.service = required_name("service", fill_text(one.event->service, lookup)),
                   .event = required_name("event", fill_text(one.event->event, lookup)),
                   .within = one.event->within,
                   .capture = one.event->capture};
    filled.event_expected = fill_expectations(one.event->expect, lookup);
  }
  return filled;
}

std::string request_command(const FilledCase& filled) {
  const std::string rest =
      context_options(filled.arguments.context) + header_options(filled.arguments.headers);
  if (filled.dispatch) {
    return fmt::format("miko dispatch {} {} --data {}{}", shell_quote(filled.dispatch->service),
                       shell_quote(filled.dispatch->event),
                       shell_quote(json_format(filled.dispatch->data, JsonLayout::compact)), rest);
  }
  if (filled.target.service.empty()) {
    return "";
  }
  const bool only_kwargs = json_members(filled.arguments.args).empty();
  return fmt::format("miko call {} {}{}{}{}", shell_quote(filled.target.service),
                     shell_quote(filled.target.method), option("--args", filled.arguments.args),
                     option(only_kwargs ? "--args" : "--kwargs", filled.arguments.kwargs), rest);
}

std::string shell_quote(std::string_view word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
  });
  if (plain) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    quoted += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return quoted + "'";
}

}  // namespace miko::cli
