#include "support/miko_program.h"

#include <cstdlib>
#include <utility>

#include "support/secrets.h"
#include "support/temporary.h"

namespace miko::test {

std::string miko_path() {
  const char* chosen = std::getenv("MIKO_PROGRAM");
  return chosen != nullptr ? chosen : MIKO_PROGRAM;
}

Command miko_command(std::vector<std::string> arguments, MikoOptions options) {
  // Shared by all runs of this test process: nothing that miko keeps there changes what it does.
  static const TemporaryDirectory home;
  std::map<std::string, std::string> environment = {
      {"HOME", home.path()},
      {"LANG", "C.UTF-8"},
      {"PATH", "/usr/local/bin:/usr/bin:/bin"},
      {"TERM", "dumb"},
  };
  // How sanitizers and coverage are set up must survive.
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) {
      environment[name] = value;
    }
  }
  for (auto& [name, value] : options.environment) {
    environment[name] = std::move(value);
  }
  arguments.insert(arguments.begin(), miko_path());
  return {
      .argv = std::move(arguments),
      .base_environment = Environment::empty,
      .environment = std::move(environment),
      .input = std::move(options.input),
      .output = std::move(options.output),
      .errors = std::move(options.errors),
      .working_directory = std::move(options.working_directory),
      .secrets = {std::string(marker_password)},
      .time_limit = options.time_limit,
  };
}

Outcome miko(std::vector<std::string> arguments, MikoOptions options) {
  return run(miko_command(std::move(arguments), std::move(options)));
}

}  // namespace miko::test
