// Programs that behave and programs that do not, and what is left of them.

#include "base/subprocess.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/clock.h"
#include "base/loop.h"
#include "support/eventually.h"
#include "support/temporary.h"

namespace miko {
namespace {

class SubprocessTest : public testing::Test {
 protected:
  SubprocessOptions shell(const std::string& script, std::string input = {}) const {
    return {.argv = {"/bin/sh", "-c", script},
            .environment = {"TOKEN=here"},
            .input = std::move(input),
            .output_max = 1000,
            .errors_max = 10};
  }

  static bool turn(Subprocess& process, std::chrono::milliseconds at_most) {
    auto fds = process.watched();
    static_cast<void>(Loop().wait(fds, Clock::now() + at_most));
    return process.turn(fds);
  }

  static void run_to_the_end(Subprocess& process) {
    while (!turn(process, std::chrono::seconds(20))) {
    }
  }

  SubprocessGuard guard_;
};

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool is_alive(const std::string& pid_file) {
  return ::kill(std::stoi(test::read_file(pid_file)), 0) == 0;
}

TEST_F(SubprocessTest, CollectsOutputErrorsAndStatus) {
  Subprocess process(shell("cat; echo $TOKEN; echo a long story >&2; exit 3", "in\n"), guard_);

  run_to_the_end(process);

  EXPECT_EQ(process.output(), "in\nhere\n");
  EXPECT_EQ(process.errors(), "ong story\n");
  EXPECT_EQ(process.exit_status(), 3);
  EXPECT_EQ(process.signal(), 0);
}

TEST_F(SubprocessTest, ItsInputCanBeOpenedByName) {
  Subprocess process(shell("read -r first; cat /dev/stdin", "one\ntwo\n"), guard_);

  run_to_the_end(process);

  EXPECT_EQ(process.output(), "one\ntwo\n");
}

TEST_F(SubprocessTest, DoesNotMindAProgramThatReadsNoInput) {
  Subprocess process(shell("exit 0", std::string(1'000'000, 'x')), guard_);

  run_to_the_end(process);

  EXPECT_EQ(process.exit_status(), 0);
}

TEST_F(SubprocessTest, SaysWhichSignalEndedIt) {
  Subprocess process(shell("kill -SEGV $$"), guard_);

  run_to_the_end(process);

  EXPECT_EQ(process.signal(), SIGSEGV);
  EXPECT_EQ(process.exit_status(), 128 + SIGSEGV);
}

TEST_F(SubprocessTest, AProgramThatIsNotThereSaysSo) {
  SubprocessOptions options = shell("");
  options.argv = {"/no/such/program"};
  options.errors_max = 100;
  Subprocess process(options, guard_);

  run_to_the_end(process);

  EXPECT_EQ(process.exit_status(), 127);
  EXPECT_EQ(process.errors(), "cannot start it: No such file or directory");
}

TEST_F(SubprocessTest, KillsAProgramThatPrintsTooMuch) {
  Subprocess process(shell("yes"), guard_);

  run_to_the_end(process);

  EXPECT_TRUE(process.output_too_large());
  EXPECT_EQ(process.signal(), SIGKILL);
}

TEST_F(SubprocessTest, EndsWithAProgramWhateverItLeavesRunning) {
  const test::TemporaryDirectory directory;
  const std::string left = directory.path("left");
  Subprocess process(shell("sleep 1000 & echo $! >" + left + "; echo done"), guard_);

  run_to_the_end(process);

  EXPECT_EQ(process.output(), "done\n");
  EXPECT_TRUE(test::eventually([&left] { return !is_alive(left); }));
}

TEST_F(SubprocessTest, KillsItsChildrenToo) {
  const test::TemporaryDirectory directory;
  const std::string child = directory.path("child");
  Subprocess process(shell("sleep 1000 & echo $! >" + child + "; echo ready; wait"), guard_);
  while (process.output().empty()) {
    ASSERT_FALSE(turn(process, std::chrono::seconds(20)));
  }

  process.kill();
  run_to_the_end(process);

  EXPECT_EQ(process.signal(), SIGKILL);
  EXPECT_TRUE(test::eventually([&child] { return !is_alive(child); }));
}

TEST_F(SubprocessTest, LeavesNoDescriptorAndNoZombie) {
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 100; ++i) {
    Subprocess process(shell("echo x; exit 1"), guard_);
    if (i % 2 == 0) {
      run_to_the_end(process);
    }
  }

  EXPECT_EQ(open_descriptors(), before);
  siginfo_t info = {};
  EXPECT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0);
  EXPECT_EQ(info.si_pid, 0);
}

}  // namespace
}  // namespace miko
