#include "base/signals.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace miko {
namespace {

// A signal changes the whole process, so each of these happens in a process of its own.

bool readable(int fd) {
  pollfd one = {.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 0) == 1;
}

/// Whether `raised` reaches the pipe, with what the process had been told to do about it before.
[[noreturn]] void exit_zero_if_heard(int raised, void (*before)(int)) {
  std::signal(raised, before);
  const SignalPipe pipe;
  std::raise(raised);
  ::_exit(readable(pipe.fd()) && SignalPipe::received() == raised ? 0 : 1);
}

[[noreturn]] void raise_two(int first, int second) {
  std::signal(first, SIG_DFL);
  std::signal(second, SIG_DFL);
  const SignalPipe pipe;
  std::raise(first);
  std::raise(second);
  ::_exit(0);
}

[[noreturn]] void raise_after_the_pipe_is_gone(int raised) {
  std::signal(raised, SIG_DFL);
  { const SignalPipe pipe; }
  std::raise(raised);
  ::_exit(0);
}

/// Whether writing to a pipe that nobody reads fails, and the pipe of signals tells why.
[[noreturn]] void exit_zero_if_writes_fail() {
  std::signal(SIGPIPE, SIG_DFL);
  const SignalPipe signals;
  int ends[2] = {-1, -1};
  const bool made = ::pipe(ends) == 0 && ::close(ends[0]) == 0;
  const bool first = ::write(ends[1], "x", 1) == -1 && errno == EPIPE && readable(signals.fd());
  const bool second = ::write(ends[1], "x", 1) == -1 && errno == EPIPE;
  ::_exit(made && first && second && SignalPipe::received() == SIGPIPE ? 0 : 1);
}

TEST(SignalPipe, BecomesReadableWithTheFirstSignal) {
  EXPECT_EXIT(exit_zero_if_heard(SIGINT, SIG_DFL), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exit_zero_if_heard(SIGTERM, SIG_DFL), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(exit_zero_if_heard(SIGHUP, SIG_DFL), testing::ExitedWithCode(0), "");
}

TEST(SignalPipe, LeavesIgnoredSignalsIgnored) {
  EXPECT_EXIT(exit_zero_if_heard(SIGHUP, SIG_IGN), testing::ExitedWithCode(1), "");
}

TEST(SignalPipe, IsQuietWithoutASignal) {
  const SignalPipe pipe;

  EXPECT_FALSE(readable(pipe.fd()));
}

TEST(SignalPipe, LetsWritesFailThatNobodyReads) {
  EXPECT_EXIT(exit_zero_if_writes_fail(), testing::ExitedWithCode(0), "");
}

TEST(SignalPipe, LetsTheSecondSignalOfAnyKindKill) {
  EXPECT_EXIT(raise_two(SIGINT, SIGINT), testing::KilledBySignal(SIGINT), "");
  EXPECT_EXIT(raise_two(SIGINT, SIGTERM), testing::KilledBySignal(SIGTERM), "");
  EXPECT_EXIT(raise_two(SIGPIPE, SIGINT), testing::KilledBySignal(SIGINT), "");
}

TEST(SignalPipe, GivesSignalsBackAtItsEnd) {
  EXPECT_EXIT(raise_after_the_pipe_is_gone(SIGTERM), testing::KilledBySignal(SIGTERM), "");
}

TEST(DieOf, EndsTheProcessByTheSignal) {
  EXPECT_EXIT(die_of(SIGTERM), testing::KilledBySignal(SIGTERM), "");
  EXPECT_EXIT(die_of(SIGINT), testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace miko
