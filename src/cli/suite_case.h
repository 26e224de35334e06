#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/reply_expectations.h"
#include "cli/suite.h"
#include "nameko/event.h"
#include "nameko/reply.h"

namespace miko::cli {

/// A case with its variables filled in, ready to be sent.
struct FilledCase {
  Target target = {};
  Arguments arguments = {};
  ReplyExpectations expected = {};
  std::optional<SuiteDispatch> dispatch = std::nullopt;
  std::optional<SuiteEvent> event = std::nullopt;  ///< without expectations
  std::vector<Expectation> event_expected = {};
};

/// Throws Error{usage} for what is no call, event or expectation, or a variable that is missing.
[[nodiscard]] FilledCase fill_case(const SuiteCase& one, const Lookup& lookup);

/// The command that makes the call, or dispatches the event, of a case, for a shell: "miko call
/// orders get --args '["A-1"]'".
[[nodiscard]] std::string request_command(const FilledCase& filled);

/// A word as a shell reads it.
[[nodiscard]] std::string shell_quote(std::string_view word);

}  // namespace miko::cli
