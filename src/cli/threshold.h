#pragma once

#include <string>
#include <string_view>

#include "cli/load.h"

namespace miko::cli {

/// What must not be: "p99>200ms", "mean>=1s", "errors>1%", "errors>0", "rate<500/s". Calls that
/// were due and never started count as errors.
class Threshold {
 public:
  /// Throws Error{usage}.
  explicit Threshold(std::string_view text);

  /// Whether it holds, that is, whether the run failed.
  [[nodiscard]] bool crossed(const LoadResult& result) const;

  /// "p99 is 312 ms"
  [[nodiscard]] std::string finding(const LoadResult& result) const;

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  enum class Metric { percentile, mean, min, max, errors, error_share, rate };

  void read_metric(std::string_view name);
  void read_limit(std::string_view limit);
  [[nodiscard]] double value(const LoadResult& result) const;

  std::string text_;
  Metric metric_ = Metric::max;
  double percent_ = 0;
  std::string_view operator_ = {};
  double limit_ = 0;  ///< microseconds, a count, a percentage, or calls per second
};

}  // namespace miko::cli
