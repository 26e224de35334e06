#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
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

/// How long a goodbye may take after a signal, which ends miko within 0.2 s: enough for a broker on
/// another continent.
inline constexpr std::chrono::milliseconds interrupted_goodbye{150};

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

/// A command as the program knows it before it is chosen.
struct Command {
  std::string_view name;
  std::string_view summary;  ///< one line for the help
  /// What -o may be; empty for a command that takes any, since it prints no data.
  std::span<const OutputFormat> formats;
  /// Declares words and options on `command`. Its callback only records what to run, so that
  /// mistakes in the words and failures of the command cannot be mixed up.
  void (*declare)(CLI::App& command, Session& session);
};

/// All of them, in the order of the help.
[[nodiscard]] std::span<const Command> commands();

void declare_batch(CLI::App& command, Session& session);
void declare_bench(CLI::App& command, Session& session);
void declare_call(CLI::App& command, Session& session);
void declare_completion(CLI::App& command, Session& session);
void declare_dispatch(CLI::App& command, Session& session);
void declare_context(CLI::App& command, Session& session);
void declare_doctor(CLI::App& command, Session& session);
void declare_help(CLI::App& command, Session& session);
void declare_listen(CLI::App& command, Session& session);
void declare_tap(CLI::App& command, Session& session);
void declare_ping(CLI::App& command, Session& session);
void declare_probe(CLI::App& command, Session& session);
void declare_serve(CLI::App& command, Session& session);
void declare_services(CLI::App& command, Session& session);
void declare_smoke(CLI::App& command, Session& session);
void declare_wait(CLI::App& command, Session& session);

}  // namespace miko::cli
