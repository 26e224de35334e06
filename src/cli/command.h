#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "cli/nameko_config.h"
#include "cli/output.h"
#include "cli/settings.h"

namespace CLI {
class App;
}

namespace miko::cli {

/// What a command gets besides its own options.
struct Session {
  TypedOptions typed = {};
  Environment environment = {};
  Clock::time_point started = {};  ///< when the program started; its deadline counts from here
  int interrupt_fd = -1;
  Output output;

  /// What the parsed command wants to be done; returns the exit status.
  std::function<int(Session&)> run = {};

  /// The settings for talking to a broker, with interruption and tracing in place.
  /// Throws Error{usage}.
  [[nodiscard]] Settings settings() const;
};

/// Declares a command on the command line. Its callback only records what to run, so that mistakes
/// in the words and failures of the command cannot be mixed up.
using AddCommand = void (*)(CLI::App& app, Session& session);

void add_batch(CLI::App& app, Session& session);
void add_bench(CLI::App& app, Session& session);
void add_call(CLI::App& app, Session& session);
void add_completion(CLI::App& app, Session& session);
void add_help(CLI::App& app, Session& session);

}  // namespace miko::cli
