#pragma once

#include <span>

namespace miko::cli {

/// The program behind main(): parses, runs the chosen command and returns the exit status.
/// `missing_streams` tells which of stdin, stdout, stderr were closed when the program started.
struct MissingStreams {
  bool standard_output = false;
};

[[nodiscard]] int run_program(std::span<char*> argv, MissingStreams missing_streams);

}  // namespace miko::cli
