#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/expectation.h"
#include "cli/suite_order.h"

namespace miko::cli {

enum class Verdict {
  passed,
  failed,   ///< not as expected
  error,    ///< the call failed, and nobody expected it
  skipped,  ///< on purpose, or since something before it failed
  not_run,  ///< the run ended before
};

/// What became of a case. Secrets are masked in all texts, and they are printable.
struct CaseResult {
  Phase phase = Phase::cases;
  std::string name = {};
  std::size_t line = 0;
  Verdict verdict = Verdict::not_run;
  std::string reason = {};        ///< why it was skipped or not run
  std::vector<Unmet> unmet = {};  ///< if it failed
  std::string error = {};         ///< of an error: its error.code
  std::string message = {};       ///< of an error
  std::string hint = {};
  std::string request = {};  ///< to paste into a shell; empty if nothing was sent
  std::string correlation_id = {};
  Clock::duration elapsed = {};
  std::uint64_t attempts = 0;

  [[nodiscard]] bool is_fault() const {
    return verdict == Verdict::failed || verdict == Verdict::error || verdict == Verdict::not_run;
  }
};

struct SuiteResult {
  std::string file = {};
  std::string name = {};
  std::vector<CaseResult> results = {};
  std::chrono::system_clock::time_point started = {};
  Clock::duration elapsed = {};
};

/// How many of each, over all suites.
struct SuiteCounts {
  std::size_t all = 0;
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::size_t not_run = 0;

  void add(const CaseResult& result);
  [[nodiscard]] bool good() const { return failed + errors + not_run == 0; }
};

/// "passed", "failed", "error", "skipped" or "not_run".
[[nodiscard]] std::string_view verdict_word(Verdict verdict);

/// "5 cases in 1.2 s: 3 passed, 1 failed, 1 skipped".
[[nodiscard]] std::string summary_text(const SuiteCounts& counts, Clock::duration elapsed);

/// What was wrong with a case, a line each: unmet expectations, the error, the reason, and last the
/// request. Empty if it passed.
[[nodiscard]] std::vector<std::string> detail_lines(const CaseResult& result);

}  // namespace miko::cli
