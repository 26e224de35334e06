#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <sstream>
#include <vector>

namespace miko {
namespace {

using std::chrono::microseconds;

Histogram histogram_of(const std::vector<std::int64_t>& sample) {
  Histogram histogram;
  for (const std::int64_t value : sample) {
    histogram.record(microseconds(value));
  }
  return histogram;
}

/// Latencies as services have them: most about 2 ms, a tail to seconds. Sorted.
std::vector<std::int64_t> latencies(std::size_t count) {
  std::mt19937 random(7);
  std::lognormal_distribution<double> distribution(std::log(2000), 1.5);
  std::vector<std::int64_t> sample(count);
  for (std::int64_t& value : sample) {
    value = static_cast<std::int64_t>(distribution(random)) + 1;
  }
  std::sort(sample.begin(), sample.end());
  return sample;
}

std::int64_t exact_percentile(const std::vector<std::int64_t>& sorted, double percent) {
  const auto rank =
      static_cast<std::size_t>(std::ceil(percent * static_cast<double>(sorted.size()) / 100));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

TEST(Histogram, KeepsThreeDigitsOfEveryPercentile) {
  const std::vector<std::int64_t> sample = latencies(100'000);
  const Histogram histogram = histogram_of(sample);
  ASSERT_GT(sample.back(), 500'000) << "the sample must reach far";

  for (const double percent : {0.0, 1.0, 25.0, 50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto exact = static_cast<double>(exact_percentile(sample, percent));
    const auto measured = static_cast<double>(histogram.percentile(percent).count());
    EXPECT_NEAR(measured, exact, exact / 1000) << percent;
    EXPECT_GE(measured, exact) << "no percentile looks better than it was, at " << percent;
  }
}

TEST(Histogram, KeepsMinAndMaxExactly) {
  const std::vector<std::int64_t> sample = latencies(10'000);
  const Histogram histogram = histogram_of(sample);

  EXPECT_EQ(histogram.min(), microseconds(sample.front()));
  EXPECT_EQ(histogram.max(), microseconds(sample.back()));
  EXPECT_EQ(histogram.count(), 10'000U);
}

TEST(Histogram, HasMeanAndDeviation) {
  const std::vector<std::int64_t> sample = latencies(10'000);
  const Histogram histogram = histogram_of(sample);
  const auto count = static_cast<double>(sample.size());
  const double mean = std::accumulate(sample.begin(), sample.end(), 0.0) / count;
  const double squares =
      std::accumulate(sample.begin(), sample.end(), 0.0, [mean](double sum, std::int64_t value) {
        return sum + std::pow(static_cast<double>(value) - mean, 2);
      });
  const double deviation = std::sqrt(squares / count);

  EXPECT_NEAR(histogram.mean_us(), mean, mean / 1000);
  EXPECT_NEAR(histogram.deviation_us(), deviation, deviation / 1000);
}

TEST(Histogram, IsExactForFewAndShortValues) {
  const Histogram histogram = histogram_of({3, 1, 2, 4, 2047});

  EXPECT_EQ(histogram.percentile(0), microseconds(1));
  EXPECT_EQ(histogram.percentile(20), microseconds(1));
  EXPECT_EQ(histogram.percentile(20.1), microseconds(2));
  EXPECT_EQ(histogram.percentile(50), microseconds(3));
  EXPECT_EQ(histogram.percentile(80), microseconds(4));
  EXPECT_EQ(histogram.percentile(99.9), microseconds(2047));
  EXPECT_EQ(histogram.percentile(100), microseconds(2047));
  EXPECT_DOUBLE_EQ(histogram.mean_us(), 2057.0 / 5);
}

TEST(Histogram, OneValueIsEveryPercentile) {
  const Histogram histogram = histogram_of({1'234'567});

  for (const double percent : {0.0, 50.0, 99.9, 100.0}) {
    EXPECT_EQ(histogram.percentile(percent), microseconds(1'234'567)) << percent;
  }
}

TEST(Histogram, APercentileIsOfTheRightRank) {
  // 99.9 percent of 1000 values are 999, whatever floating point makes of 0.999.
  std::vector<std::int64_t> sample(999, 10);
  sample.push_back(1000);

  EXPECT_EQ(histogram_of(sample).percentile(99.9), microseconds(10));
  EXPECT_EQ(histogram_of(sample).percentile(99.91), microseconds(1000));
}

TEST(Histogram, IsZeroWhileItIsEmpty) {
  const Histogram histogram;

  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), microseconds(0));
  EXPECT_EQ(histogram.max(), microseconds(0));
  EXPECT_EQ(histogram.percentile(50), microseconds(0));
  EXPECT_EQ(histogram.mean_us(), 0);
  EXPECT_EQ(histogram.deviation_us(), 0);
}

TEST(Histogram, CountsWhatIsTooShortOrTooLong) {
  Histogram histogram;
  histogram.record(std::chrono::nanoseconds::min());
  histogram.record(std::chrono::nanoseconds(1));
  histogram.record(std::chrono::hours(1000));
  histogram.record(std::chrono::nanoseconds::max());

  EXPECT_EQ(histogram.count(), 4U);
  EXPECT_EQ(histogram.min(), microseconds(1));
  EXPECT_EQ(histogram.percentile(50), microseconds(1));
  EXPECT_EQ(histogram.max(), std::chrono::hours(24));
}

TEST(Histogram, RoundsToMicroseconds) {
  Histogram histogram;
  histogram.record(std::chrono::nanoseconds(1501));

  EXPECT_EQ(histogram.max(), microseconds(2));
}

TEST(Histogram, CountsBetween) {
  const Histogram histogram = histogram_of({1, 2, 2, 3, 1000, 2'000'000});

  EXPECT_EQ(histogram.count_between(microseconds(0), microseconds(2)), 3U);
  EXPECT_EQ(histogram.count_between(microseconds(2), microseconds(3)), 1U);
  EXPECT_EQ(histogram.count_between(microseconds(3), microseconds(999)), 0U);
  EXPECT_EQ(histogram.count_between(microseconds(999), histogram.max()), 2U);
  EXPECT_EQ(histogram.count_between(microseconds(0), std::chrono::hours(100)), 6U);
}

/// One line of values in an .hgrm file.
struct Row {
  double value = 0;
  double percentile = 0;
  long count = 0;
};

std::vector<Row> rows_of(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  EXPECT_EQ(line, "       Value     Percentile TotalCount 1/(1-Percentile)");
  std::getline(lines, line);
  EXPECT_EQ(line, "");
  std::vector<Row> rows;
  while (std::getline(lines, line) && line[0] != '#') {
    Row row;
    std::istringstream(line) >> row.value >> row.percentile >> row.count;
    rows.push_back(row);
  }
  return rows;
}

TEST(PercentileDistribution, IsTheTextThatHdrHistogramWrites) {
  const Histogram histogram = histogram_of({1000, 1500, 2000, 40'000});

  EXPECT_EQ(histogram.percentile_distribution(),
            "       Value     Percentile TotalCount 1/(1-Percentile)\n"
            "\n"
            "       1.000 0.000000000000          1           1.00\n"
            "       1.000 0.100000000000          1           1.11\n"
            "       1.000 0.200000000000          1           1.25\n"
            "       1.500 0.300000000000          2           1.43\n"
            "       1.500 0.400000000000          2           1.67\n"
            "       1.500 0.500000000000          2           2.00\n"
            "       2.000 0.550000000000          3           2.22\n"
            "       2.000 0.600000000000          3           2.50\n"
            "       2.000 0.650000000000          3           2.86\n"
            "       2.000 0.700000000000          3           3.33\n"
            "       2.000 0.750000000000          3           4.00\n"
            "      40.000 0.775000000000          4           4.44\n"
            "      40.000 1.000000000000          4\n"
            "#[Mean    =       11.129, StdDeviation   =       16.681]\n"
            "#[Max     =       40.000, Total count    =            4]\n"
            "#[Buckets =           27, SubBuckets     =         2048]\n");
}

TEST(PercentileDistribution, RisesToTheLastValue) {
  const std::vector<std::int64_t> sample = latencies(50'000);
  const Histogram histogram = histogram_of(sample);

  const std::vector<Row> rows = rows_of(histogram.percentile_distribution());

  ASSERT_GT(rows.size(), 50U);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_LE(rows[i - 1].value, rows[i].value);
    EXPECT_LE(rows[i - 1].count, rows[i].count);
    EXPECT_LT(rows[i - 1].percentile, rows[i].percentile);
  }
  for (const Row& row : rows) {
    const auto exact = static_cast<double>(exact_percentile(sample, row.percentile * 100));
    EXPECT_NEAR(row.value * 1000, exact, exact / 1000 + 1) << row.percentile;
  }
  EXPECT_EQ(rows.front().percentile, 0);
  EXPECT_EQ(rows.back().percentile, 1);
  EXPECT_EQ(rows.back().count, 50'000);
  EXPECT_NEAR(rows.back().value * 1000, static_cast<double>(sample.back()), 1);
}

TEST(PercentileDistribution, HasOnlyHeadAndFootWhileThereIsNothing) {
  const std::string text = Histogram().percentile_distribution();

  EXPECT_EQ(rows_of(text).size(), 0U);
  EXPECT_NE(text.find("Total count    =            0]"), std::string::npos) << text;
}

}  // namespace
}  // namespace miko
