#include "cli/threshold.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

using std::chrono::milliseconds;

/// A run of 100 calls in 2 s: latencies 1 ms to 100 ms, 3 failed.
LoadResult a_run() {
  LoadResult result;
  result.calls = 100;
  result.errors = {{ErrorKind::remote_error, 2}, {ErrorKind::timeout, 1}};
  for (int i = 1; i <= 100; ++i) {
    result.latency.record(milliseconds(i));
  }
  result.elapsed = std::chrono::seconds(2);
  return result;
}

bool crossed(std::string_view text) {
  return Threshold(text).crossed(a_run());
}

std::string complaint_about(std::string_view text) {
  try {
    const Threshold threshold(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(error.failure().hint, "");
    return error.what();
  }
  return "none";
}

TEST(Threshold, ComparesPercentiles) {
  EXPECT_TRUE(crossed("p99>98ms"));
  EXPECT_FALSE(crossed("p99>101ms"));
  EXPECT_TRUE(crossed("p50>49ms"));
  EXPECT_FALSE(crossed("p50>0.051s"));
  EXPECT_TRUE(crossed("p99.9>99ms"));
  EXPECT_FALSE(crossed("p0>2ms"));
  EXPECT_TRUE(crossed("p100>99ms"));
}

TEST(Threshold, ComparesMeanMinAndMax) {
  EXPECT_TRUE(crossed("mean>50ms"));
  EXPECT_FALSE(crossed("avg>51ms"));
  EXPECT_TRUE(crossed("max>99ms"));
  EXPECT_FALSE(crossed("max>1m"));
  EXPECT_TRUE(crossed("min<2ms"));
  EXPECT_FALSE(crossed("min<1ms"));
}

TEST(Threshold, ComparesErrorsByNumberAndByShare) {
  EXPECT_TRUE(crossed("errors>0"));
  EXPECT_TRUE(crossed("errors>2"));
  EXPECT_FALSE(crossed("errors>3"));
  EXPECT_TRUE(crossed("errors>2.5%"));
  EXPECT_FALSE(crossed("errors>3%"));
}

TEST(Threshold, ComparesTheRate) {
  EXPECT_TRUE(crossed("rate<51/s"));
  EXPECT_TRUE(crossed("rate<51"));
  EXPECT_FALSE(crossed("rate<50/s"));
}

TEST(Threshold, HasFourComparisons) {
  EXPECT_FALSE(crossed("rate>50"));
  EXPECT_TRUE(crossed("rate>=50"));
  EXPECT_FALSE(crossed("rate<50"));
  EXPECT_TRUE(crossed("rate<=50"));
}

TEST(Threshold, LetsBlanksStandAroundItsParts) {
  const Threshold threshold(" p99 > 20ms ");

  EXPECT_TRUE(threshold.crossed(a_run()));
  EXPECT_EQ(threshold.finding(a_run()), "p99 is 99.01 ms");
  EXPECT_EQ(threshold.text(), " p99 > 20ms ");
}

TEST(Threshold, SaysWhatWasMeasured) {
  EXPECT_EQ(Threshold("mean>1ms").finding(a_run()), "mean is 50.50 ms");
  EXPECT_EQ(Threshold("errors>1").finding(a_run()), "3 errors");
  EXPECT_EQ(Threshold("errors>1%").finding(a_run()), "errors are 3.00 %");
  EXPECT_EQ(Threshold("rate<1/s").finding(a_run()), "rate is 50/s");
  LoadResult slow = a_run();
  slow.elapsed = std::chrono::seconds(200);
  EXPECT_EQ(Threshold("rate<1/s").finding(slow), "rate is 0.50/s");
}

TEST(Threshold, CountsMissedCallsAsErrors) {
  LoadResult result = a_run();
  result.missed = 25;

  EXPECT_TRUE(Threshold("errors>27").crossed(result));
  EXPECT_FALSE(Threshold("errors>28").crossed(result));
  EXPECT_TRUE(Threshold("errors>22%").crossed(result));
  EXPECT_FALSE(Threshold("errors>23%").crossed(result));
  EXPECT_EQ(Threshold("errors>1%").finding(result), "errors are 22.40 %, 25 missed calls included");
  EXPECT_EQ(Threshold("errors>1").finding(result), "28 errors, 25 missed calls included");
}

TEST(Threshold, NoLatencyAtAllKeepsNoLimit) {
  const LoadResult nothing;

  EXPECT_TRUE(Threshold("p99>1h").crossed(nothing));
  EXPECT_TRUE(Threshold("mean>1h").crossed(nothing));
  EXPECT_EQ(Threshold("p99>1h").finding(nothing), "p99 is unknown, nothing was answered");
  EXPECT_FALSE(Threshold("errors>0").crossed(nothing));
  EXPECT_FALSE(Threshold("errors>0%").crossed(nothing));
  EXPECT_TRUE(Threshold("rate<0.1/s").crossed(nothing));
}

TEST(Threshold, RefusesUnknownMetrics) {
  for (const char* text : {"p101>1ms", "p>1ms", "p-1>1ms", "pnan>1ms", "pinf>1ms", "p1e1>1ms",
                           "median>1ms", ">1ms", "P99>1ms", "p99=>1ms", "errors!>1"}) {
    EXPECT_EQ(complaint_about(text), "--fail-if '" + std::string(text) + "': unknown metric");
  }
}

TEST(Threshold, RefusesALimitThatItsMetricCannotHave) {
  for (const char* text :
       {"p99>", "p99>fast", "p99>-1ms", "p99>0ms", "p99>200 ms", "p99>1ms<2ms", "p99>nan",
        "mean>5%", "errors>", "errors>nan", "errors>inf%", "errors>-1", "errors>1/s", "errors>1e3",
        "rate<", "rate<inf", "rate<5%", "rate<-5/s", "rate<5ms"}) {
    EXPECT_NE(complaint_about(text), "none") << text;
  }
}

TEST(Threshold, RefusesALatencyWithoutAUnit) {
  EXPECT_EQ(complaint_about("p99>200"), "--fail-if 'p99>200': the limit has no unit");
  EXPECT_EQ(complaint_about("max>0.5"), "--fail-if 'max>0.5': the limit has no unit");
}

TEST(Threshold, RefusesWhatComparesNothing) {
  EXPECT_EQ(complaint_about(""), "--fail-if '': no comparison");
  EXPECT_EQ(complaint_about("p99"), "--fail-if 'p99': no comparison");
  EXPECT_EQ(complaint_about("p99=1ms"), "--fail-if 'p99=1ms': no comparison");
  EXPECT_EQ(complaint_about("\x1b[2Jx"), R"(--fail-if '\x1b[2Jx': no comparison)");
}

}  // namespace
}  // namespace miko::cli
