#include "cli/command_output.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <array>

#include "base/error.h"
#include "base/fd.h"
#include "support/eventually.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

CommandOutput run(const std::string& command, Clock::duration time = seconds(10)) {
  return run_command(command, 100, Loop(), Clock::now() + time);
}

TEST(RunCommand, GivesWhatWasPrintedAndTheExitStatus) {
  const CommandOutput good = run("printf one; printf two");
  const CommandOutput bad = run("echo; exit 3");

  EXPECT_EQ(good.text, "onetwo");
  EXPECT_EQ(good.exit_status, 0);
  EXPECT_FALSE(good.too_long || good.too_slow);
  EXPECT_EQ(bad.text, "\n");
  EXPECT_EQ(bad.exit_status, 3);
  EXPECT_EQ(run("kill -TERM $$").exit_status, 128 + SIGTERM);
  EXPECT_EQ(run("no-such-program 2>/dev/null").exit_status, 127);
}

TEST(RunCommand, HasNothingOnStandardInputAndNoTerminal) {
  EXPECT_EQ(run("cat; (: < /dev/tty) 2>/dev/null || echo none").text, "none\n");
}

TEST(RunCommand, EndsWhoPrintsTooMuch) {
  EXPECT_TRUE(run("while :; do echo y; done").too_long);
}

TEST(RunCommand, EndsWhoTakesTooLongWithItsChildren) {
  const test::TemporaryDirectory directory;
  const std::string file = directory.path("pid");

  const CommandOutput output = run("sleep 60 & echo $! > " + file + "; wait", milliseconds(200));

  EXPECT_TRUE(output.too_slow);
  const pid_t child = std::stoi(test::read_file(file));
  EXPECT_TRUE(test::eventually([child] { return ::kill(child, 0) != 0; }));
}

TEST(RunCommand, EndsWhoClosesItsOutputAndStays) {
  EXPECT_TRUE(run("exec >&-; sleep 60", milliseconds(100)).too_slow);
}

TEST(RunCommand, EndsOnASignalToMiko) {
  std::array<int, 2> ends = {-1, -1};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  ASSERT_EQ(::write(writing.get(), "x", 1), 1);

  EXPECT_THROW(static_cast<void>(
                   run_command("sleep 60", 100, Loop(reading.get()), Clock::now() + seconds(10))),
               Error);
}

}  // namespace
}  // namespace miko::cli
