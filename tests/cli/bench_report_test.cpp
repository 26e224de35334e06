#include "cli/bench_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"

namespace miko::cli {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

const LoadPlan plan = {.target = {.service = "orders", .method = "get"}, .in_flight = 50};

/// 1,000 calls in 2 s, latencies 10.01 ms to 20 ms, 5 failed.
LoadResult a_run() {
  LoadResult result;
  result.calls = 1000;
  result.errors = {{ErrorKind::remote_error, 4}, {ErrorKind::timeout, 1}};
  for (int i = 1; i <= 1000; ++i) {
    result.latency.record(microseconds(10'000 + 10 * i));
  }
  result.elapsed = std::chrono::seconds(2);
  return result;
}

std::string_view at(std::string_view json, std::string_view key) {
  const std::optional<std::string_view> value = json_find(json, key);
  return value ? *value : "<missing>";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    lines.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return lines;
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields(1);
  for (const char c : line) {
    c == ',' ? fields.emplace_back() : fields.back() += c;
  }
  return fields;
}

TEST(ReportJson, HasEveryFigure) {
  LoadPlan paced = plan;
  paced.rate = 500.5;

  const std::string json = report_json(paced, a_run(), {});

  EXPECT_EQ(at(json, "service"), "\"orders\"");
  EXPECT_EQ(at(json, "method"), "\"get\"");
  EXPECT_EQ(at(json, "calls"), "1000");
  EXPECT_EQ(at(json, "ok"), "995");
  EXPECT_EQ(at(json, "failed"), "5");
  EXPECT_EQ(at(json, "errors"), R"({"remote_error":4,"timeout":1})");
  EXPECT_EQ(at(json, "missed"), "0");
  EXPECT_EQ(at(json, "seconds"), "2.000");
  EXPECT_EQ(at(json, "rate"), "500.000");
  EXPECT_EQ(at(json, "in_flight"), "50");
  EXPECT_EQ(at(json, "target_rate"), "500.500");
  EXPECT_EQ(at(json, "thresholds"), "[]");
  const std::string_view latency = at(json, "latency_ms");
  EXPECT_EQ(at(latency, "min"), "10.010");
  EXPECT_EQ(at(latency, "p50"), "15.007");
  EXPECT_EQ(at(latency, "p99.9"), "19.999");
  EXPECT_EQ(at(latency, "max"), "20.000");
  for (const char* key : {"mean", "stddev", "p90", "p95", "p99"}) {
    EXPECT_NE(at(latency, key), "<missing>") << key;
  }
}

TEST(ReportJson, HasNullForWhatWasNotMeasured) {
  const std::string json = report_json(plan, {}, {});

  EXPECT_EQ(at(json, "target_rate"), "null");
  EXPECT_EQ(at(json, "rate"), "0.000");
  EXPECT_EQ(at(at(json, "latency_ms"), "min"), "null");
  EXPECT_EQ(at(at(json, "latency_ms"), "p99.9"), "null");
  EXPECT_EQ(at(json, "histogram"), "[]");
}

TEST(ReportJson, TellsEachThreshold) {
  const std::string json = report_json(plan, a_run(), {Threshold("p99>1s"), Threshold("errors>0")});

  EXPECT_EQ(at(json, "thresholds"),
            R"([{"fail_if":"p99>1s","crossed":false,"finding":"p99 is 19.90 ms"},)"
            R"({"fail_if":"errors>0","crossed":true,"finding":"5 errors"}])");
}

struct Bars {
  std::size_t count = 0;
  long long calls = 0;
  std::string end = {};
};

/// Checks that each bar begins where the one before ends.
Bars bars_of(const LoadResult& result) {
  const std::string json = report_json(plan, result, {});
  Bars bars;
  for (const JsonMember& bar : json_members(at(json, "histogram"))) {
    if (bars.count > 0) {
      EXPECT_EQ(at(bar.value, "from_ms"), bars.end);
    }
    bars.end = at(bar.value, "to_ms");
    bars.calls += std::stoll(std::string(at(bar.value, "count")));
    ++bars.count;
  }
  return bars;
}

TEST(ReportJson, HasAHistogramThatEndsWithTheLongest) {
  LoadResult result = a_run();
  result.latency.record(std::chrono::seconds(3));

  const Bars bars = bars_of(result);

  EXPECT_EQ(bars.end, "3000.000");
  EXPECT_EQ(bars.calls, 1001);
  EXPECT_EQ(bars.count, 11U);
}

TEST(ReportJson, HasAHistogramThatHoldsEveryCallWhateverTheSpread) {
  for (const std::int64_t shortest : {1LL, 1999LL, 123'456LL, 86'400'000LL, 20'000'000'000LL}) {
    for (const std::int64_t step : {0LL, 1LL, 37LL, 100'000LL}) {
      LoadResult result;
      for (int i = 0; i < 100; ++i) {
        result.latency.record(microseconds(shortest + step * i));
      }
      const Bars bars = bars_of(result);

      EXPECT_EQ(bars.calls, 100) << shortest << " + " << step;
      EXPECT_GE(bars.count, 1U);
      EXPECT_LE(bars.count, 13U) << shortest << " + " << step;
    }
  }
}

TEST(ReportCsv, IsALineOfNamesAndOneOfValues) {
  const std::vector<std::string> lines = lines_of(report_csv(plan, a_run()));

  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0],
            "service,method,calls,ok,failed,missed,seconds,rate,in_flight,target_rate,min_ms,"
            "mean_ms,stddev_ms,p50_ms,p90_ms,p95_ms,p99_ms,p99.9_ms,max_ms");
  EXPECT_EQ(lines[1].find("orders,get,1000,995,5,0,2.000,500.000,50,,10.010,"), 0U) << lines[1];
  EXPECT_EQ(fields_of(lines[1]).size(), fields_of(lines[0]).size());
}

TEST(ReportCsv, HasEmptyFieldsForWhatWasNotMeasured) {
  const std::vector<std::string> lines = lines_of(report_csv(plan, {}));

  EXPECT_EQ(lines[1], "orders,get,0,0,0,0,0.000,0.000,50,,,,,,,,,,");
  EXPECT_EQ(fields_of(lines[1]).size(), fields_of(lines[0]).size());
}

TEST(ReportCsv, QuotesWhatWouldBreakTheLine) {
  LoadPlan odd = plan;
  odd.target = {.service = "a,b", .method = "say \"x\""};

  EXPECT_EQ(lines_of(report_csv(odd, {}))[1].find(R"("a,b","say ""x""",0,)"), 0U);
}

TEST(ReportText, HasTotalsLatenciesAndBars) {
  const std::string text = report_text(plan, a_run(), {}, {});

  for (const char* part :
       {"orders.get  50 in flight", "calls    1,000 in 2.00 s", "rate     500/s",
        "failed   5 (0.50 %)", "remote_error 4", "timeout 1", "p99.9       20.0", "█"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ReportText, DrawsWithAsciiWhereTheTerminalKnowsNoMore) {
  const std::string text = report_text(plan, a_run(), {}, {.unicode = false});

  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) { return c >= 0; })) << text;
  EXPECT_NE(text.find("|####"), std::string::npos) << text;
}

TEST(ReportText, IsColouredWhereThatIsWanted) {
  EXPECT_NE(report_text(plan, a_run(), {}, {.colour = true}).find("\x1b[31m5 (0.50 %)\x1b[0m"),
            std::string::npos);
}

TEST(ReportText, NamesTheEndOfEachBarApart) {
  for (const int step_us : {1, 3, 20, 400, 7'000, 100'000}) {
    LoadResult result;
    for (int i = 0; i < 100; ++i) {
      result.latency.record(microseconds(1 + step_us * i));
    }
    result.calls = 100;
    std::set<std::string> labels;
    std::size_t bars = 0;
    for (const std::string& line : lines_of(report_text(plan, result, {}, {}))) {
      if (const std::size_t bar = line.find("│"); bar != std::string::npos) {
        labels.insert(line.substr(0, bar));
        ++bars;
      }
    }
    EXPECT_GT(bars, 4U) << step_us;
    EXPECT_EQ(labels.size(), bars) << report_text(plan, result, {}, {});
  }
}

TEST(ReportText, TellsThePaceAndWhatItMissed) {
  LoadPlan paced = plan;
  paced.rate = 0.5;
  LoadResult result = a_run();
  result.missed = 1234;
  result.elapsed = std::chrono::seconds(400);

  const std::string text = report_text(paced, result, {}, {});

  EXPECT_NE(text.find("0.5/s wanted, at most 50 in flight"), std::string::npos) << text;
  EXPECT_NE(text.find("rate     2.50/s"), std::string::npos) << text;
  EXPECT_NE(text.find("1,234 were due and never started"), std::string::npos) << text;
}

TEST(ReportText, TellsWhatThresholdsFound) {
  const std::string text =
      report_text(plan, a_run(), {Threshold("p99>1s"), Threshold("errors>0")}, {});

  EXPECT_NE(text.find("passed p99 is 19.90 ms, fails if p99>1s\n"), std::string::npos) << text;
  EXPECT_NE(text.find("failed 5 errors, fails if errors>0\n"), std::string::npos) << text;
}

TEST(ReportText, SaysNothingOfLatenciesThatThereAreNot) {
  LoadResult result;
  result.calls = 3;
  result.errors = {{ErrorKind::unknown_service, 3}};

  const std::string text = report_text(plan, result, {}, {});

  EXPECT_EQ(text.find("latency"), std::string::npos) << text;
  EXPECT_NE(text.find("3 (100.00 %)"), std::string::npos) << text;
}

TEST(ReportText, ShowsNoControlCharactersOfANames) {
  LoadPlan odd = plan;
  odd.target.service = "a\x1b[2J";

  EXPECT_EQ(report_text(odd, a_run(), {}, {}).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace miko::cli
