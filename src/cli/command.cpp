#include "cli/command.h"

namespace miko::cli {

Settings Session::settings() const {
  Settings settings = resolve_settings(typed, environment, Loop(interrupt_fd), started);
  settings.connection.interrupt_fd = interrupt_fd;
  settings.connection.trace = [this](std::string_view step, std::string_view detail) {
    if (step == "plain") {
      output.warn(detail);
    } else {
      output.trace(step, detail);
    }
  };
  return settings;
}

}  // namespace miko::cli
