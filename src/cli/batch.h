#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace miko::cli {

/// How a batch runs, as typed.
struct BatchOptions {
  std::string input = "-";  ///< a file, or "-" for standard input
  std::string in_flight = "64";
  bool ordered = false;
  bool fail_fast = false;
  bool no_progress = false;

  /// Set by `call --batch`: the values are arguments of this method alone.
  Target target = {};
  ArgumentWords arguments = {};  ///< of these only headers and context count
  bool no_expire = false;
};

/// Declares the options that batch and call --batch share, and returns them.
std::vector<CLI::Option*> add_batch_options(CLI::App& command, BatchOptions& options);

/// Calls what the values of the input say and writes one line for each to stdout. Returns the exit
/// status: 0, 3 when some calls failed, 1 when all did.
/// Throws Error for what ends it before the first call, and output_failed.
[[nodiscard]] int run_batch(const BatchOptions& options, Session& session);

}  // namespace miko::cli
