#include "cli/progress.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string line(const ProgressState& state, Clock::duration elapsed = seconds(10)) {
  return progress_line(state, 3200.7, elapsed, 100);
}

TEST(Grouped, SetsThousandsApart) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(123'456), "123,456");
  EXPECT_EQ(grouped(1'234'567), "1,234,567");
  EXPECT_EQ(grouped(18'446'744'073'709'551'615U), "18,446,744,073,709,551,615");
}

TEST(ProgressLine, TellsWhatIsDoneAndHowFast) {
  EXPECT_EQ(line({.done = 12'345, .in_flight = 64}), "12,345 done  3,200/s  64 in flight");
}

TEST(ProgressLine, TellsFailuresOnlyIfThereAreAny) {
  EXPECT_EQ(line({.done = 10, .failed = 2, .in_flight = 1}),
            "10 done  3,200/s  1 in flight  2 failed");
}

TEST(ProgressLine, TellsWhatIsLeftWhereTheWholeIsKnown) {
  const auto left = [](double fraction, Clock::duration elapsed) {
    const std::string text = line({.done = 1, .fraction = fraction}, elapsed);
    return text.substr(text.find("flight") + 6);
  };

  EXPECT_EQ(left(0.25, seconds(10)), "  25 %  30 s left");
  EXPECT_EQ(left(0.5, seconds(90)), "  50 %  1m30s left");
  EXPECT_EQ(left(0.01, seconds(120)), "  1 %  3h18m left");
  EXPECT_EQ(left(1, seconds(120)), "  100 %  0 s left");
  EXPECT_EQ(left(0, seconds(120)), "") << "nothing to guess from";
}

TEST(ProgressLine, IsNotWiderThanTheTerminal) {
  const ProgressState state = {.done = 12'345, .failed = 2, .in_flight = 64, .fraction = 0.5};

  EXPECT_EQ(progress_line(state, 1, seconds(1), 10), "12,345 don");
  EXPECT_EQ(progress_line(state, 1, seconds(1), 0), "");
}

TEST(Progress, WaitsForASecondBeforeItShowsAnything) {
  const Clock::time_point start = Clock::now();
  const Progress progress(true, start);

  EXPECT_EQ(progress.next_update(), start + seconds(1));
}

TEST(Progress, NeverWantsToWriteWhereItIsNotShown) {
  Progress progress(false, Clock::time_point());

  EXPECT_EQ(progress.next_update(), Clock::time_point::max());
  testing::internal::CaptureStderr();
  progress.update({.done = 1}, Clock::now());
  progress.clear();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, RewritesItsLineAndTakesItAway) {
  const Clock::time_point start = Clock::now();
  testing::internal::CaptureStderr();
  {
    Progress progress(true, start);
    progress.update({.done = 1}, start + milliseconds(999));
    progress.update({.done = 1000, .in_flight = 5}, start + seconds(1));
    progress.update({.done = 2000, .in_flight = 5}, start + milliseconds(1001));
    progress.update({.done = 3000, .in_flight = 5}, start + seconds(2));
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "\r1,000 done  1,000/s  5 in flight\x1b[K"
            "\r3,000 done  1,500/s  5 in flight\x1b[K"
            "\r\x1b[K");
}

}  // namespace
}  // namespace miko::cli
