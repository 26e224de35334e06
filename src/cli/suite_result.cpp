#include "cli/suite_result.h"

#include <fmt/format.h>

#include "cli/reply_expectations.h"

namespace miko::cli {

void SuiteCounts::add(const CaseResult& result) {
  ++all;
  switch (result.verdict) {
    case Verdict::passed:
      ++passed;
      return;
    case Verdict::failed:
      ++failed;
      return;
    case Verdict::error:
      ++errors;
      return;
    case Verdict::skipped:
      ++skipped;
      return;
    case Verdict::not_run:
      ++not_run;
  }
}

std::string_view verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed:
      return "passed";
    case Verdict::failed:
      return "failed";
    case Verdict::error:
      return "error";
    case Verdict::skipped:
      return "skipped";
    case Verdict::not_run:
      return "not_run";
  }
  return "not_run";
}

std::string summary_text(const SuiteCounts& counts, Clock::duration elapsed) {
  std::string text =
      fmt::format("{} case{} in {}", counts.all, counts.all == 1 ? "" : "s", time_text(elapsed));
  const char* separator = ": ";
  const std::pair<std::size_t, const char*> parts[] = {{counts.passed, "passed"},
                                                       {counts.failed, "failed"},
                                                       {counts.errors, "ended with an error"},
                                                       {counts.skipped, "skipped"},
                                                       {counts.not_run, "not run"}};
  for (const auto& [number, word] : parts) {
    if (number > 0) {
      text += fmt::format("{}{} {}", separator, number, word);
      separator = ", ";
    }
  }
  return text;
}

std::vector<std::string> detail_lines(const CaseResult& result) {
  std::vector<std::string> lines;
  if (result.verdict == Verdict::skipped || result.verdict == Verdict::not_run) {
    lines.push_back(result.reason);
    return lines;
  }
  if (result.verdict == Verdict::passed) {
    return lines;
  }
  for (const Unmet& unmet : result.unmet) {
    lines.push_back(unmet_text(unmet));
  }
  if (!result.message.empty()) {
    lines.push_back(fmt::format("{}: {}", result.error, result.message));
  }
  if (!result.hint.empty()) {
    lines.push_back(result.hint);
  }
  if (result.attempts > 1) {
    lines.push_back(fmt::format("after {} attempts", result.attempts));
  }
  if (!result.request.empty()) {
    lines.push_back(result.request);
  }
  return lines;
}

}  // namespace miko::cli
