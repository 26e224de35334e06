#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace miko {

/// Counts durations from 1 us to 24 h, each kept to three digits, in fixed memory: a High Dynamic
/// Range histogram, with the layout that HdrHistogram(1, 86400000000, 3) has.
class Histogram {
 public:
  using Microseconds = std::chrono::microseconds;

  Histogram();

  /// What is shorter or longer counts as the shortest or longest.
  void record(std::chrono::nanoseconds duration);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Microseconds min() const;
  [[nodiscard]] Microseconds max() const { return Microseconds(max_); }
  [[nodiscard]] double mean_us() const;
  [[nodiscard]] double deviation_us() const;

  /// The duration that `percent` (0 to 100) of those recorded do not exceed; 0 if there are none.
  [[nodiscard]] Microseconds percentile(double percent) const;

  /// How many are longer than `from` and at most `to`, as exact as three digits allow.
  [[nodiscard]] std::uint64_t count_between(Microseconds from, Microseconds to) const;

  /// The percentile distribution in HdrHistogram's text format (.hgrm), values in milliseconds.
  [[nodiscard]] std::string percentile_distribution() const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::int64_t min_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace miko
