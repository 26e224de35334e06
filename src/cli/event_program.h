#pragma once

#include <poll.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fd.h"
#include "nameko/event.h"

namespace miko::cli {

/// A program that runs for one event, as `sh -c COMMAND`. It finds the event on standard input and
/// MIKO_SERVICE and MIKO_EVENT in its environment; its output goes where miko's goes.
class EventProgram {
 public:
  /// Throws Error{internal} if it cannot be started.
  EventProgram(const std::string& command, const Event& event, std::string_view input);
  EventProgram(const EventProgram&) = delete;
  EventProgram& operator=(const EventProgram&) = delete;

  /// To wait for its end.
  [[nodiscard]] pollfd ended() const {
    return {.fd = process_.get(), .events = POLLIN, .revents = 0};
  }

  /// Its exit status as a shell shows it, -1 while it runs.
  [[nodiscard]] int status();

 private:
  pid_t pid_ = -1;
  UniqueFd process_ = {};
  int status_ = -1;
};

}  // namespace miko::cli
