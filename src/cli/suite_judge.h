#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/suite_case.h"
#include "cli/suite_result.h"
#include "cli/variables.h"

namespace miko::cli {

/// Says in `result` what becomes of a case by the reply to its call, and takes what it captures
/// into `variables`.
void judge_reply(CaseResult& result, const SuiteCase& one, const FilledCase& filled,
                 const Reply& reply, Variables& variables);

/// The case failed by itself: nothing could be sent, or the broker refused something.
void judge_failure(CaseResult& result, const Failure& failure, const Variables& variables);

/// The case is not as expected.
void judge_unmet(CaseResult& result, const std::vector<Unmet>& unmet, const Variables& variables);

/// Takes what is captured of a checked value, and returns what is missing.
[[nodiscard]] std::vector<Unmet> capture_values(const Captures& captures, std::string_view value,
                                                Variables& variables);

/// The request of a case, to paste into a shell, secrets masked.
[[nodiscard]] std::string shown_request(const FilledCase& filled, const Variables& variables);

}  // namespace miko::cli
