#pragma once

#include <poll.h>

#include <span>

#include "base/clock.h"

namespace miko {

/// The one place where miko sleeps.
///
/// A wait ends when a descriptor is ready, when its time has come, or when the interrupt
/// descriptor becomes readable. The last one throws, so nothing that waits can forget it.
class Loop {
 public:
  /// `interrupt_fd` is watched during every wait; -1 for none. It is never read from.
  explicit Loop(int interrupt_fd = -1) : interrupt_fd_(interrupt_fd) {}

  /// Sleeps until one of `fds` is ready (its revents are set) or `until` has passed.
  /// Returns how many are ready. Throws Error{interrupted}.
  [[nodiscard]] int wait(std::span<pollfd> fds, Clock::time_point until) const;

  /// The same for one descriptor. Returns its revents, 0 when `until` has passed.
  [[nodiscard]] short wait(int fd, short events, Clock::time_point until) const;

  /// Throws Error{interrupted} if the interrupt descriptor is readable; never sleeps.
  void check_interrupt() const;

 private:
  int interrupt_fd_;
};

/// From now on the system ends this thread's waits when their time has come, not up to 50 us later
/// as it may without. For those who measure time; it costs wakeups that others could have shared.
void wait_punctually();

}  // namespace miko
