#pragma once

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "base/loop.h"

namespace miko::cli {

/// What a program printed and how it ended.
struct CommandOutput {
  std::string text = {};
  int exit_status = 0;    ///< as a shell shows it: 128 + signal if one ended it
  bool too_long = false;  ///< it was ended because it printed more than it may
  bool too_slow = false;  ///< it was ended because its time was over
};

/// Runs `command` with sh -c in a session of its own: nothing on its standard input, no terminal to
/// ask on, its standard error is miko's. It ends with its whole session when it has printed more
/// than `size_max` bytes, at `until`, or on a signal to miko.
/// Throws Error{internal} if it cannot be started, Error{interrupted}.
[[nodiscard]] CommandOutput run_command(const std::string& command, std::size_t size_max,
                                        const Loop& loop, Clock::time_point until);

}  // namespace miko::cli
