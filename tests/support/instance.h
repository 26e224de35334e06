#pragma once

#include <string>
#include <string_view>

#include "support/lab.h"
#include "support/process.h"

namespace miko::test {

/// The command that runs one instance of other_service.py beside `service`, on its broker; version
/// "2" has the method `newer` as well.
inline Command instance_of(const Service& service, const std::string& name,
                           const std::string& version = "1") {
  Command command = {.argv = service.command,
                     .input = Pipe{},
                     .output = File{},
                     .errors = File{},
                     .time_limit = std::chrono::minutes(5)};
  command.argv.back() = "other_service";
  // Behind "env -i".
  command.argv.insert(command.argv.begin() + 2,
                      {"MIKO_SERVICE_NAME=" + name, "MIKO_SERVICE_VERSION=" + version});
  return command;
}

}  // namespace miko::test
