#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"

namespace miko::cli {

/// How far a long run has come.
struct ProgressState {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t in_flight = 0;
  std::optional<double> fraction = std::nullopt;  ///< of the whole, where that is known
};

/// One line on the terminal behind stderr, rewritten in place. It appears when a run has lasted a
/// second, and is gone when it ends.
class Progress {
 public:
  /// `shown`: false writes nothing ever.
  Progress(bool shown, Clock::time_point started) : shown_(shown), started_(started) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Rewrites the line if it is time for that.
  void update(const ProgressState& state, Clock::time_point now);

  /// When update() will want to write next; the end of time if never.
  [[nodiscard]] Clock::time_point next_update() const;

  /// Takes the line away.
  void clear();

 private:
  bool shown_;
  bool visible_ = false;
  Clock::time_point started_;
  Clock::time_point last_ = {};
  std::deque<std::pair<Clock::time_point, std::uint64_t>> samples_ = {};
};

/// "12,345 done  3,200/s  64 in flight  2 failed  40 %  12 s left", at most `width` characters.
[[nodiscard]] std::string progress_line(const ProgressState& state, double rate,
                                        Clock::duration elapsed, std::size_t width);

/// 1234567 as "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace miko::cli
