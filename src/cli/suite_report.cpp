#include "cli/suite_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/reply_expectations.h"

namespace miko::cli {
namespace {

constexpr std::string_view indent = "          ";

struct Look {
  const char* word;
  const char* colour;
};

Look look_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return {"pass", "\x1b[32m"};
    case Verdict::failed:
      return {"FAIL", "\x1b[31m"};
    case Verdict::error:
      return {"ERR ", "\x1b[31m"};
    case Verdict::skipped:
      return {"skip", "\x1b[33m"};
    case Verdict::not_run:
      return {"-   ", "\x1b[33m"};
  }
  return {"-   ", ""};
}

double milliseconds(Clock::duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

}  // namespace

std::string case_text(const CaseResult& result, std::size_t name_width, bool colour) {
  const Look look = look_of(result.verdict);
  const std::string name = fitted(printable(result.name), name_width);
  const std::string padding(name_width - std::min(columns(name), name_width), ' ');
  std::string text = colour ? fmt::format("  {}{}\x1b[0m  {}", look.colour, look.word, name)
                            : fmt::format("  {}  {}", look.word, name);
  const std::vector<std::string> details = detail_lines(result);
  if (result.verdict == Verdict::skipped || result.verdict == Verdict::not_run) {
    return fmt::format("{}{}  {}", text, padding, details.front());
  }
  text += fmt::format("{}  {:>8}", padding, time_text(result.elapsed));
  if (result.verdict == Verdict::passed && result.attempts > 1) {
    text += fmt::format("  after {} attempts", result.attempts);
  }
  for (const std::string& line : details) {
    text += fmt::format("\n{}{}", indent, line);
  }
  return text;
}

std::string case_json(const CaseResult& result, const SuiteResult& suite) {
  JsonWriter json;
  json.begin_object();
  json.key("file").text(suite.file);
  json.key("suite").text(suite.name);
  json.key("line").integer(static_cast<long long>(result.line));
  json.key("phase").text(phase_word(result.phase));
  json.key("case").text(result.name);
  json.key("status").text(verdict_word(result.verdict));
  json.key("elapsed_ms").raw(fmt::format("{:.3f}", milliseconds(result.elapsed)));
  json.key("attempts").integer(static_cast<long long>(result.attempts));
  json.key("reason").text_or_null(result.reason);
  json.key("unmet").begin_array();
  for (const Unmet& unmet : result.unmet) {
    json.begin_object();
    json.key("pointer").text(unmet.pointer);
    json.key("wanted").text(unmet.wanted);
    json.key("got").text(unmet.got);
    json.end_object();
  }
  json.end_array();
  json.key("error");
  if (result.error.empty()) {
    json.null();
  } else {
    json.begin_object();
    json.key("code").text(result.error);
    json.key("message").text(result.message);
    json.end_object();
  }
  json.key("request").text_or_null(result.request);
  json.key("correlation_id").text_or_null(result.correlation_id);
  json.end_object();
  return json.str();
}

}  // namespace miko::cli
