#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "cli/nameko_config.h"
#include "cli/output.h"
#include "nameko/client.h"

namespace miko::cli {

/// The global options as they were typed; texts, not values yet.
struct TypedOptions {
  std::optional<std::string> broker = std::nullopt;
  std::optional<std::string> host = std::nullopt;
  std::optional<std::string> port = std::nullopt;
  std::optional<std::string> vhost = std::nullopt;
  std::optional<std::string> user = std::nullopt;
  std::optional<std::string> password = std::nullopt;
  std::optional<std::string> password_file = std::nullopt;
  std::optional<std::string> exchange = std::nullopt;
  bool tls = false;
  std::optional<std::string> ca_file = std::nullopt;
  std::optional<std::string> certificate = std::nullopt;
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> server_name = std::nullopt;
  bool insecure = false;
  std::optional<std::string> config = std::nullopt;
  std::optional<std::string> timeout = std::nullopt;
  std::optional<std::string> output = std::nullopt;
  std::optional<std::string> colour = std::nullopt;
  std::optional<std::string> reply_size_max = std::nullopt;
  bool careful = false;
  bool quiet = false;
  bool verbose = false;
};

/// What the command line, the environment and the configuration come to.
/// What was typed beats the environment, which beats what is stored: an option; -c typed;
/// MIKO_BROKER and its fellows; MIKO_CONFIG; AMQP_URI; AMQP_URL; the defaults.
struct Settings {
  Options connection = {};
  std::chrono::nanoseconds timeout = {};
};

/// Reads password file and configuration, for no longer than the command may take that began at
/// `started`; everything else is looked up in `typed` and `environment`.
/// Throws Error{usage}; for a variable the message names it and does not show its value.
[[nodiscard]] Settings resolve_settings(const TypedOptions& typed, const Environment& environment,
                                        const Loop& loop, Clock::time_point started);

/// The output options alone, which errors need as well. `formats` are those that the command has,
/// none for any: another one in MIKO_OUTPUT is passed over, one that was typed is refused.
[[nodiscard]] OutputOptions resolve_output(const TypedOptions& typed,
                                           const Environment& environment,
                                           std::span<const OutputFormat> formats = {});

}  // namespace miko::cli
