#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/suite_report.h"

namespace miko::cli {
namespace {

/// A '#' would begin a directive, and a '\' escape something.
std::string tap_name(std::string_view name) {
  std::string escaped;
  for (const char c : printable(name)) {
    escaped += c == '#' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  }
  return escaped;
}

}  // namespace

std::string tap_head(std::size_t cases) {
  return fmt::format("TAP version 13\n1..{}", cases);
}

std::string case_tap(const CaseResult& result, const SuiteResult& suite, std::size_t number) {
  std::string text = fmt::format("{} {} - {}: {}", result.is_fault() ? "not ok" : "ok", number,
                                 tap_name(suite.name), tap_name(result.name));
  if (result.verdict == Verdict::skipped) {
    return fmt::format("{} # SKIP {}", text, tap_name(result.reason));
  }
  if (!result.is_fault()) {
    return text;
  }
  text +=
      fmt::format("\n  ---\n  at: {}", json_quote(fmt::format("{}:{}", suite.file, result.line)));
  // As one text: readers in Perl take an item with ': ' in it for a mapping, its quotes or not.
  text += "\n  problems: |";
  std::vector<std::string> details = detail_lines(result);
  if (!result.request.empty()) {
    details.pop_back();
  }
  for (const std::string& line : details) {
    text += fmt::format("\n    {}", printable(line));
  }
  if (!result.request.empty()) {
    text += fmt::format("\n  request: {}", json_quote(result.request));
  }
  return text + "\n  ...";
}

std::string tap_report(const std::vector<SuiteResult>& suites) {
  std::size_t number = 0;
  std::string lines;
  for (const SuiteResult& suite : suites) {
    for (const CaseResult& result : suite.results) {
      lines += case_tap(result, suite, ++number) + '\n';
    }
  }
  return fmt::format("{}\n{}", tap_head(number), lines);
}

}  // namespace miko::cli
