#pragma once

#include <algorithm>

#include "base/clock.h"

namespace miko::cli {

/// The times between tries, each twice as long as the one before: for what comes up at once as for
/// what takes a minute.
class Backoff {
 public:
  /// When to try again, at `until` at the latest.
  [[nodiscard]] Clock::time_point next(Clock::time_point until) {
    const Clock::time_point time = std::min(until, Clock::now() + interval_);
    interval_ = std::min<Clock::duration>(interval_ * 2, longest);
    return time;
  }

 private:
  static constexpr std::chrono::milliseconds shortest{50};
  static constexpr std::chrono::seconds longest{1};
  Clock::duration interval_ = shortest;
};

}  // namespace miko::cli
