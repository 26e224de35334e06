#pragma once

#include <algorithm>
#include <chrono>

namespace miko {

/// Every deadline and every measured duration; never jumps.
using Clock = std::chrono::steady_clock;

/// A point in time after which to give up.
class Deadline {
 public:
  explicit Deadline(Clock::time_point at) : at_(at) {}

  [[nodiscard]] static Deadline after(Clock::duration span, Clock::time_point now = Clock::now()) {
    return Deadline(now + span);
  }

  [[nodiscard]] Clock::time_point at() const { return at_; }
  [[nodiscard]] bool passed(Clock::time_point now) const { return now >= at_; }

  /// What is left; never negative.
  [[nodiscard]] Clock::duration remaining(Clock::time_point now) const {
    return std::max(at_ - now, Clock::duration::zero());
  }

 private:
  Clock::time_point at_;
};

}  // namespace miko
