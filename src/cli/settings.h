#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "cli/nameko_config.h"
#include "cli/output.h"
#include "cli/sources.h"
#include "nameko/client.h"

namespace miko::cli {

/// What the command line, the environment and the configuration come to.
/// What was typed beats the environment, which beats what is stored: an option; -c or --context
/// typed; MIKO_BROKER and its fellows; MIKO_CONTEXT; MIKO_CONFIG; AMQP_URI; AMQP_URL; the selected
/// context; the defaults.
struct Settings {
  Options connection = {};
  std::chrono::nanoseconds timeout = {};
  /// Where the management API is, if not where the broker is.
  std::optional<std::string> management = std::nullopt;
};

/// Reads password file, configuration and context, for no longer than the command may take that
/// began at `started`, and runs the command that a context takes its password from; everything else
/// is looked up in `typed` and `environment`.
/// Throws Error{usage}; for a variable the message names it and does not show its value.
[[nodiscard]] Settings resolve_settings(const TypedOptions& typed, const Environment& environment,
                                        const Loop& loop, Clock::time_point started);

/// A setting as --effective shows it: its value, passwords masked, and who says so.
struct EffectiveSetting {
  std::string_view name;
  std::string value;
  std::string origin;
};

/// What is set, and the broker, exchange and timeout in any case. Runs no command.
/// Throws as resolve_settings() does.
[[nodiscard]] std::vector<EffectiveSetting> effective_settings(const TypedOptions& typed,
                                                               const Environment& environment,
                                                               const Loop& loop,
                                                               Clock::time_point started);

/// The output options alone, which errors need as well. `formats` are those that the command has,
/// none for any: another one in MIKO_OUTPUT is passed over, one that was typed is refused.
[[nodiscard]] OutputOptions resolve_output(const TypedOptions& typed,
                                           const Environment& environment,
                                           std::span<const OutputFormat> formats = {});

}  // namespace miko::cli
