#include "cli/duration.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

Failure failure_of(std::string_view text) {
  try {
    static_cast<void>(parse_duration("--timeout", text));
  } catch (const Error& error) {
    return error.failure();
  }
  return {};
}

TEST(ParseDuration, ReadsNumbersWithUnits) {
  const std::pair<std::string_view, nanoseconds> cases[] = {
      {"250ms", milliseconds(250)}, {"5s", seconds(5)},
      {"2m", minutes(2)},           {"1h", hours(1)},
      {"1m30s", seconds(90)},       {"1h1m1s1ms", milliseconds(3'661'001)},
      {"1.5s", milliseconds(1500)}, {"0.25ms", microseconds(250)},
      {".5s", milliseconds(500)},   {"90m", minutes(90)},
      {"24h", hours(24)},           {"86400s", hours(24)},
      {"5000s", seconds(5000)},     {"100000ms", seconds(100)},
      {"0s5s", seconds(5)},         {"0.001s", milliseconds(1)},
  };
  for (const auto& [text, duration] : cases) {
    SCOPED_TRACE(text);

    EXPECT_EQ(parse_duration("--timeout", text), duration);
  }
}

TEST(ParseDuration, TakesABareNumberForSeconds) {
  const std::pair<std::string_view, nanoseconds> cases[] = {
      {"5", seconds(5)},
      {"0.5", milliseconds(500)},
      {"999", seconds(999)},
      {"999.9", milliseconds(999'900)},
  };
  for (const auto& [text, duration] : cases) {
    SCOPED_TRACE(text);

    EXPECT_EQ(parse_duration("--timeout", text), duration);
  }
}

TEST(ParseDuration, AsksBackWhenABareNumberLooksLikeMilliseconds) {
  for (const std::string text : {"1000", "5000", "86401", "1000.5"}) {
    SCOPED_TRACE(text);

    const Failure failure = failure_of(text);

    EXPECT_EQ(failure.kind, ErrorKind::usage);
    EXPECT_EQ(failure.message, "--timeout: " + text + " has no unit");
    EXPECT_EQ(failure.hint, "did you mean " + text + "ms? a bare number is seconds");
  }
}

TEST(ParseDuration, RefusesWhatIsNoDuration) {
  for (const std::string text :
       {"",     "s",     "ms",   "-1",   "-1s", "+1",   "nan",    "inf",  "1e9",    "1e3s",
        "0x10", "5 s",   " 5s",  "5s ",  "5S",  "5x",   "1d",     "five", "1.2.3s", "1,5s",
        "1m30", "30 1m", "1s-1", "5s\n", ".",   "5sec", "1h 30m", "10min"}) {
    SCOPED_TRACE(text);

    const Failure failure = failure_of(text);

    EXPECT_EQ(failure.kind, ErrorKind::usage);
    EXPECT_TRUE(failure.message.ends_with("' is not a duration")) << failure.message;
    EXPECT_EQ(failure.hint, "write it like 250ms, 5s, 2m, 1h or 1m30s");
  }
}

TEST(ParseDuration, RefusesNoTimeAtAll) {
  for (const std::string text : {"0", "0s", "0ms", "0.0", "0h0m", "0.0000000001s"}) {
    EXPECT_EQ(failure_of(text).message, "--timeout: '" + text + "' is no time at all");
  }
}

TEST(ParseDuration, RefusesMoreThanADay) {
  for (const std::string text : {"25h", "86401s", "24h1ms", "99999999999999999999h"}) {
    EXPECT_EQ(failure_of(text).message, "--timeout: '" + text + "' is over 24 hours");
  }
}

TEST(ParseDuration, RefusesNumbersBeyondEveryNumber) {
  EXPECT_EQ(failure_of(std::string(400, '9') + "s").message,
            "--timeout: '" + std::string(40, '9') + "...' is not a duration");
}

TEST(ParseDuration, ShowsNoControlCharacters) {
  EXPECT_EQ(failure_of("5\x1b[2J").message, R"(--timeout: '5\x1b[2J' is not a duration)");
}

}  // namespace
}  // namespace miko::cli
