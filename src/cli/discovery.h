#pragma once

#include "cli/output.h"
#include "cli/settings.h"
#include "nameko/management.h"
#include "nameko/tap.h"

namespace miko::cli {

/// Lets a tap watch every service that the management API lists, now and later.
class Discovery {
 public:
  /// `settings` must outlive it. Throws as Management does.
  explicit Discovery(const Settings& settings);

  /// Throws Error{unreachable, denied, bad_reply, interrupted}.
  void begin(Tap& tap, Clock::time_point until);

  /// Asks again if it is time to, and waits half a second for the answer: meanwhile nothing is
  /// read, but the broker keeps it. What fails is told once, and tried again. An
  /// interruption is left to who waits next.
  void look(Tap& tap, const Output& output);

  /// When look() has something to do.
  [[nodiscard]] Clock::time_point next() const { return next_; }

 private:
  Management management_;
  Clock::time_point next_ = {};
  bool failing_ = false;
};

}  // namespace miko::cli
