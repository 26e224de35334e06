#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "base/text.h"
#include "cli/suite_report.h"

namespace miko::cli {
namespace {

/// XML knows no control characters, escaped or not; printable() leaves none. U+FFFE and U+FFFF are
/// the others that it does not know.
std::string xml(std::string_view text) {
  std::string out;
  const std::string safe = printable(text);
  for (std::string_view rest = safe; !rest.empty();) {
    const CodePoint code = decode_utf8(rest).value_or(CodePoint{.value = 0xfffd, .bytes = 1});
    switch (code.value) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      case 0xfffe:
      case 0xffff:
        append_utf8(out, 0xfffd);
        break;
      default:
        append_utf8(out, code.value);
    }
    rest.remove_prefix(code.bytes);
  }
  return out;
}

double seconds(Clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

std::string problem_element(std::string_view element, const CaseResult& result,
                            const SuiteResult& suite) {
  const std::vector<std::string> details = detail_lines(result);
  std::string text = fmt::format(
      R"(    <{} type="{}" message="{}">{}:{})", element,
      result.error.empty() ? verdict_word(result.verdict) : std::string_view(result.error),
      xml(details.empty() ? "" : details.front()), xml(suite.file), result.line);
  for (const std::string& line : details) {
    text += '\n' + xml(line);
  }
  return fmt::format("{}</{}>\n", text, element);
}

std::string case_element(const CaseResult& result, const SuiteResult& suite) {
  const std::string head = fmt::format(R"(  <testcase classname="{}" name="{}" time="{:.6f}")",
                                       xml(suite.name), xml(result.name), seconds(result.elapsed));
  switch (result.verdict) {
    case Verdict::passed:
      return head + "/>\n";
    case Verdict::skipped:
      return fmt::format("{}>\n    <skipped message=\"{}\"/>\n  </testcase>\n", head,
                         xml(result.reason));
    case Verdict::failed:
      return fmt::format("{}>\n{}  </testcase>\n", head, problem_element("failure", result, suite));
    case Verdict::error:
    case Verdict::not_run:
      return fmt::format("{}>\n{}  </testcase>\n", head, problem_element("error", result, suite));
  }
  return "";
}

std::string counts_text(const SuiteCounts& counts, Clock::duration elapsed) {
  return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.6f}")",
                     counts.all, counts.failed, counts.errors + counts.not_run, counts.skipped,
                     seconds(elapsed));
}

std::string timestamp(std::chrono::system_clock::time_point at) {
  const std::time_t time = std::chrono::system_clock::to_time_t(at);
  std::tm parts = {};
  ::gmtime_r(&time, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}", parts);
}

}  // namespace

std::string junit_report(const std::vector<SuiteResult>& suites) {
  SuiteCounts all;
  Clock::duration elapsed = {};
  std::string body;
  for (const SuiteResult& suite : suites) {
    SuiteCounts counts;
    std::string elements;
    for (const CaseResult& result : suite.results) {
      counts.add(result);
      all.add(result);
      elements += case_element(result, suite);
    }
    elapsed += suite.elapsed;
    body += fmt::format(" <testsuite name=\"{}\" {} timestamp=\"{}\">\n{} </testsuite>\n",
                        xml(suite.name), counts_text(counts, suite.elapsed),
                        timestamp(suite.started), elements);
  }
  // The schema gives the outermost element no count of what was skipped.
  std::string head = counts_text(all, elapsed);
  head.erase(head.find(" skipped="), head.find(" time=") - head.find(" skipped="));
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"miko smoke\" "
      "{}>\n{}</testsuites>\n",
      head, body);
}

}  // namespace miko::cli
