#include "base/histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace miko {
namespace {

// A power of two that tells 1999 from 2000: values below it are counted one by one, and above it
// each doubling has half as many counters.
constexpr int sub_bucket_bits = 11;
constexpr std::int64_t sub_buckets = 1LL << sub_bucket_bits;
constexpr std::int64_t half = sub_buckets / 2;
constexpr std::int64_t longest = 24LL * 60 * 60 * 1'000'000;

/// How often `value` is halved until it fits the sub-buckets.
int bucket_of(std::int64_t value) {
  const auto bits = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(value)));
  return std::max(bits - sub_bucket_bits, 0);
}

std::size_t index_of(std::int64_t value) {
  const int bucket = bucket_of(value);
  return static_cast<std::size_t>(bucket * half + (value >> bucket));
}

struct Range {
  std::int64_t least;
  std::int64_t most;
};

/// The values that the counter at `index` stands for.
Range range_of(std::size_t index) {
  const auto at = static_cast<std::int64_t>(index);
  const std::int64_t bucket = at < sub_buckets ? 0 : at / half - 1;
  const std::int64_t least = (at - bucket * half) << bucket;
  return {.least = least, .most = least + (1LL << bucket) - 1};
}

double middle_of(std::size_t index) {
  const Range range = range_of(index);
  return static_cast<double>(range.least + range.most) / 2;
}

}  // namespace

Histogram::Histogram() : counts_(index_of(longest) + 1) {}

void Histogram::record(std::chrono::nanoseconds duration) {
  const auto counted =
      std::clamp<std::chrono::nanoseconds>(duration, Microseconds(1), Microseconds(longest));
  const std::int64_t value = std::chrono::round<Microseconds>(counted).count();
  ++counts_[index_of(value)];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  ++count_;
}

Histogram::Microseconds Histogram::min() const {
  return Microseconds(min_);
}

double Histogram::mean_us() const {
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    sum += static_cast<double>(counts_[i]) * middle_of(i);
  }
  return count_ == 0 ? 0 : sum / static_cast<double>(count_);
}

double Histogram::deviation_us() const {
  const double mean = mean_us();
  double sum = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    sum += static_cast<double>(counts_[i]) * std::pow(middle_of(i) - mean, 2);
  }
  return count_ == 0 ? 0 : std::sqrt(sum / static_cast<double>(count_));
}

Histogram::Microseconds Histogram::percentile(double percent) const {
  // Not the count times a fraction: 0.999 times 1000 is more than 999.
  const double wanted = std::clamp(percent, 0.0, 100.0) * static_cast<double>(count_) / 100;
  const auto rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(wanted)), 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) {
      return Microseconds(std::min(range_of(i).most, max_));
    }
  }
  return Microseconds(max_);
}

std::uint64_t Histogram::count_between(Microseconds from, Microseconds to) const {
  const std::size_t first = index_of(std::clamp<std::int64_t>(from.count(), 0, longest));
  const std::size_t last = index_of(std::clamp<std::int64_t>(to.count(), 0, longest));
  std::uint64_t sum = 0;
  for (std::size_t i = first + 1; i <= last; ++i) {
    sum += counts_[i];
  }
  return sum;
}

std::string Histogram::percentile_distribution() const {
  constexpr int ticks_per_half_distance = 5;
  std::string text = "       Value     Percentile TotalCount 1/(1-Percentile)\n\n";
  std::uint64_t seen = 0;
  double next = 0;  // in percent: so its steps add up without an error
  for (std::size_t i = 0; i < counts_.size() && seen < count_; ++i) {
    if (counts_[i] == 0) {
      continue;
    }
    seen += counts_[i];
    const double reached = 100 * static_cast<double>(seen) / static_cast<double>(count_);
    const double value = static_cast<double>(std::min(range_of(i).most, max_)) / 1000;
    while (next <= reached && next < 100) {
      const double distance = 100 / (100 - next);
      text += fmt::format("{:12.3f} {:2.12f} {:10} {:14.2f}\n", value, next / 100, seen, distance);
      const double halvings = std::floor(std::log2(distance)) + 1;
      next += 100 / (ticks_per_half_distance * std::exp2(halvings));
      if (seen == count_) {
        break;
      }
    }
  }
  if (count_ > 0) {
    text += fmt::format("{:12.3f} {:2.12f} {:10}\n", static_cast<double>(max_) / 1000, 1.0, count_);
  }
  text += fmt::format("#[Mean    = {:12.3f}, StdDeviation   = {:12.3f}]\n", mean_us() / 1000,
                      deviation_us() / 1000);
  text += fmt::format("#[Max     = {:12.3f}, Total count    = {:12}]\n",
                      static_cast<double>(max_) / 1000, count_);
  text += fmt::format("#[Buckets = {:12}, SubBuckets     = {:12}]\n", bucket_of(longest) + 1,
                      sub_buckets);
  return text;
}

}  // namespace miko
