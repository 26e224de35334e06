#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/suite.h"
#include "cli/suite_caller.h"
#include "cli/suite_result.h"

namespace miko::cli {

/// How suites run, as it was typed.
struct RunOptions {
  std::uint64_t width = 1;  ///< cases at a time
  bool fail_fast = false;
  std::vector<std::string> filters = {};             ///< globs for names; none: all cases
  std::optional<Retry> retry = std::nullopt;         ///< of cases that say nothing
  Clock::duration timeout = {};                      ///< of a case that says nothing
  Clock::time_point end = Clock::time_point::max();  ///< when nothing more is started
  int interrupt_fd = -1;
};

/// What holds for all suites of a run.
struct RunState {
  bool interrupted = false;
  bool failed = false;  ///< some case
  bool over_time = false;
  std::optional<Failure> lost = std::nullopt;  ///< why the broker is not there any more
  /// Given every result, in the order in which they come.
  std::function<void(const CaseResult&)> report = {};
  /// Descriptors to wait for besides, and what to do when one may be ready: standard output.
  std::function<std::vector<pollfd>()> others = {};
  std::function<void()> flush = {};

  /// Why nothing more is started; empty if there is no reason.
  [[nodiscard]] std::string why_stopped() const;
};

/// Runs setup, cases and teardown of a suite. What goes wrong is in the results and in `state`.
/// Throws only Error{output_failed}.
[[nodiscard]] SuiteResult run_suite(const Suite& suite, const RunOptions& options,
                                    SuiteCaller& caller, RunState& state);

}  // namespace miko::cli
