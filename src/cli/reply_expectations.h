#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/expectation.h"
#include "cli/output.h"
#include "nameko/reply.h"

namespace miko::cli {

/// What a reply must be like.
struct ReplyExpectations {
  /// Of the result; where an error is expected, of the error object as error_json() gives it.
  std::vector<Expectation> values = {};
  /// The type of the exception ("NotFound"), the same with its module ("orders.errors.NotFound"),
  /// or a word of error.code that speaks of one call ("timeout", "unknown_method").
  std::optional<std::string> error = std::nullopt;
  std::optional<std::chrono::nanoseconds> within = std::nullopt;  ///< most time for the reply

  [[nodiscard]] bool empty() const { return values.empty() && !error && !within; }
};

/// Throws Error{usage} for what cannot be an expected error: nothing, or a word of error.code that
/// speaks of the connection or of miko itself.
void check_expected_error(std::string_view error);

/// Throws Error{usage} if a reply would never be late, because nobody waits for it that long.
void check_within(std::chrono::nanoseconds within, std::chrono::nanoseconds timeout);

/// What is not as expected, nothing if all is. A failure that was not expected is not among it: it
/// speaks for itself.
[[nodiscard]] std::vector<Unmet> find_unmet(const ReplyExpectations& expected, const Reply& reply,
                                            const CallName& call);

/// Whether the call failed, and as it was expected to.
[[nodiscard]] bool failed_as_expected(const ReplyExpectations& expected, const Reply& reply);

/// Error{expectation_failed} for what is not as expected of a call.
[[nodiscard]] Failure expectation_failure(const std::vector<Unmet>& unmet, const Reply& reply,
                                          const CallName& call);

/// 12.3 ms, 1.23 s.
[[nodiscard]] std::string time_text(std::chrono::nanoseconds span);

}  // namespace miko::cli
