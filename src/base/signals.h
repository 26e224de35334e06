#pragma once

#include "base/fd.h"

namespace miko {

/// SIGINT, SIGTERM, SIGHUP and SIGPIPE as a readable descriptor.
///
/// The first signal asks politely: fd() becomes readable. The handlers are gone by then, so a
/// second one, of whichever kind, always kills; but SIGPIPE never does, and a write to a pipe that
/// nobody reads fails instead. Only one SignalPipe may exist at a time.
class SignalPipe {
 public:
  SignalPipe();
  ~SignalPipe();
  SignalPipe(const SignalPipe&) = delete;
  SignalPipe& operator=(const SignalPipe&) = delete;

  [[nodiscard]] int fd() const { return read_end_.get(); }

  /// The signal that came last, 0 for none.
  [[nodiscard]] static int received();

 private:
  UniqueFd read_end_;
  UniqueFd write_end_;
};

/// Writing to a pipe that nobody reads fails from now on instead of killing the process.
void ignore_broken_pipes();

/// Ends the process by `signal`, so that the parent sees a death by signal and not an exit.
[[noreturn]] void die_of(int signal);

}  // namespace miko
