#pragma once

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"

namespace miko::cli {

/// When to connect again after the connection was lost: half a second later, and after each try
/// that fails twice as long, up to half a minute.
class Reconnect {
 public:
  /// Whether what ended the connection, or a try to make it again, may pass.
  [[nodiscard]] static bool may_help(const Error& error) {
    switch (error.kind()) {
      case ErrorKind::connection_lost:
      case ErrorKind::unreachable:
      case ErrorKind::timeout:
      case ErrorKind::unknown_service:
        return true;
      default:
        return false;
    }
  }

  /// The connection was lost, or did not come about. Returns how long to wait.
  Clock::duration after_loss() {
    const Clock::duration pause = pause_;
    due_ = Clock::now() + pause;
    pause_ = std::min<Clock::duration>(pause * 2, longest);
    return pause;
  }

  void succeeded() { pause_ = first; }

  /// The time of the next try.
  [[nodiscard]] Clock::time_point due() const { return due_; }

 private:
  static constexpr std::chrono::milliseconds first{500};
  static constexpr std::chrono::seconds longest{30};
  Clock::duration pause_ = first;
  Clock::time_point due_ = {};
};

}  // namespace miko::cli
