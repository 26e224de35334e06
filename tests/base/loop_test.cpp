#include "base/loop.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <array>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/fd.h"

namespace miko {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends = {};
    EXPECT_EQ(::pipe(ends.data()), 0);
    read_end = UniqueFd(ends[0]);
    write_end = UniqueFd(ends[1]);
  }

  void fill() const { EXPECT_EQ(::write(write_end.get(), "x", 1), 1); }

  UniqueFd read_end = {};
  UniqueFd write_end = {};
};

Clock::time_point in_an_hour() {
  return Clock::now() + hours(1);
}

std::optional<ErrorKind> failure_of_waiting(const Loop& loop, int fd) {
  try {
    static_cast<void>(loop.wait(fd, POLLIN, in_an_hour()));
  } catch (const Error& error) {
    return error.kind();
  }
  return std::nullopt;
}

TEST(Loop, EndsAWaitWhenItsTimeHasComeAndNotBefore) {
  const Pipe quiet;
  const Clock::time_point until = Clock::now() + milliseconds(20);

  const short ready = Loop().wait(quiet.read_end.get(), POLLIN, until);

  EXPECT_EQ(ready, 0);
  EXPECT_GE(Clock::now(), until);
}

TEST(Loop, ReturnsAtOnceWhenADescriptorIsReady) {
  const Pipe pipe;
  pipe.fill();

  EXPECT_EQ(Loop().wait(pipe.read_end.get(), POLLIN, in_an_hour()), POLLIN);
}

TEST(Loop, SeesThatThePeerIsGone) {
  Pipe pipe;
  { const UniqueFd dropped = std::move(pipe.write_end); }

  EXPECT_EQ(Loop().wait(pipe.read_end.get(), POLLIN, in_an_hour()), POLLHUP);
}

TEST(Loop, LooksOnceEvenWhenTheTimeIsOver) {
  const Pipe ready;
  ready.fill();
  const Pipe quiet;

  EXPECT_EQ(Loop().wait(ready.read_end.get(), POLLIN, Clock::now() - hours(1)), POLLIN);
  EXPECT_EQ(Loop().wait(quiet.read_end.get(), POLLIN, Clock::now() - hours(1)), 0);
}

TEST(Loop, SaysWhichOfSeveralDescriptorsAreReady) {
  const Pipe quiet;
  const Pipe ready;
  ready.fill();
  std::array<pollfd, 3> fds = {{{quiet.read_end.get(), POLLIN, 0},
                                {ready.read_end.get(), POLLIN, 0},
                                {quiet.write_end.get(), POLLOUT, 0}}};

  const int count = Loop().wait(fds, in_an_hour());

  EXPECT_EQ(count, 2);
  EXPECT_EQ(fds[0].revents, 0);
  EXPECT_EQ(fds[1].revents, POLLIN);
  EXPECT_EQ(fds[2].revents, POLLOUT);
}

TEST(Loop, ThrowsWhenInterrupted) {
  const Pipe quiet;
  const Pipe interrupt;
  interrupt.fill();

  EXPECT_EQ(failure_of_waiting(Loop(interrupt.read_end.get()), quiet.read_end.get()),
            ErrorKind::interrupted);
}

TEST(Loop, PutsTheInterruptBeforeEverythingElse) {
  const Pipe ready;
  ready.fill();
  const Pipe interrupt;
  interrupt.fill();

  EXPECT_EQ(failure_of_waiting(Loop(interrupt.read_end.get()), ready.read_end.get()),
            ErrorKind::interrupted);
}

TEST(Loop, LeavesTheInterruptUnreadSoThatEveryLaterWaitEndsToo) {
  const Pipe interrupt;
  interrupt.fill();
  const Loop loop(interrupt.read_end.get());

  EXPECT_THROW(loop.check_interrupt(), Error);
  EXPECT_THROW(loop.check_interrupt(), Error);
}

TEST(Loop, WaitsOnWhileNobodyInterrupts) {
  const Pipe quiet;
  const Pipe interrupt;
  const Loop loop(interrupt.read_end.get());

  EXPECT_NO_THROW(loop.check_interrupt());
  EXPECT_EQ(loop.wait(quiet.read_end.get(), POLLIN, Clock::now() + milliseconds(5)), 0);
}

TEST(Loop, WatchesNoDescriptorWithoutAnInterrupt) {
  EXPECT_NO_THROW(Loop().check_interrupt());
}

TEST(Loop, IsWokenPunctuallyInAThreadThatAskedForIt) {
  int nanoseconds = 0;
  std::thread([&nanoseconds] {
    wait_punctually();
    nanoseconds = ::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  }).join();

  EXPECT_EQ(nanoseconds, 1);
  EXPECT_GT(::prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1) << "nobody asked here";
}

TEST(Deadline, CountsDownToZeroAndNotBelow) {
  const Clock::time_point start = Clock::time_point() + hours(1);
  const Deadline deadline = Deadline::after(milliseconds(250), start);

  EXPECT_EQ(deadline.at(), start + milliseconds(250));
  EXPECT_EQ(deadline.remaining(start), milliseconds(250));
  EXPECT_EQ(deadline.remaining(start + milliseconds(200)), milliseconds(50));
  EXPECT_EQ(deadline.remaining(start + milliseconds(300)), milliseconds(0));
  EXPECT_FALSE(deadline.passed(start + milliseconds(249)));
  EXPECT_TRUE(deadline.passed(start + milliseconds(250)));
}

}  // namespace
}  // namespace miko
