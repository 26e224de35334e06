#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/process.h"

namespace miko::test {

struct MikoOptions {
  /// Added to an environment that has nothing but PATH, HOME (an empty folder), LANG and TERM.
  std::map<std::string, std::string> environment = {};
  Input input = File{};
  Output output = Pipe{};
  Output errors = Pipe{};
  std::optional<std::string> working_directory = std::nullopt;
  std::chrono::milliseconds time_limit = std::chrono::seconds(30);
};

/// Path of the program under test: MIKO_PROGRAM in the environment, else the one just built.
std::string miko_path();

/// A command line of miko, ready for run() or Child. The test fails if it prints the marker
/// password.
Command miko_command(std::vector<std::string> arguments, MikoOptions options = {});

/// Runs miko to its end.
Outcome miko(std::vector<std::string> arguments, MikoOptions options = {});

}  // namespace miko::test
