#include "support/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "support/miko_program.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;

TEST(RunProgram, ReportsOutputAndExitCode) {
  const Outcome result =
      run({.argv = {"sh", "-c", "cat; echo problem >&2; exit 7"}, .input = Text{.text = "data"}});

  EXPECT_EQ(result.out, "data");
  EXPECT_EQ(result.err, "problem\n");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.signal, 0);
}

TEST(RunProgram, PassesMoreThanAPipeHolds) {
  const std::string big(1'000'000, 'x');

  EXPECT_EQ(run({.argv = {"cat"}, .input = Text{.text = big}}).out, big);
}

TEST(RunProgram, SurvivesAProgramThatDoesNotReadItsInput) {
  const std::string big(1'000'000, 'x');

  EXPECT_EQ(run({.argv = {"true"}, .input = Text{.text = big}}).exit_code, 0);
}

TEST(RunProgram, ReportsTheSignalThatEndedIt) {
  const Outcome result = run({.argv = {"sh", "-c", "kill -TERM $$"}});

  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_EQ(result.exit_code, 128 + SIGTERM);
}

TEST(RunProgram, ClosesStandardStreams) {
  const Outcome result =
      run({.argv = {"sh", "-c", "ls /proc/self/fd"}, .input = Closed{}, .errors = Closed{}});

  // 0 is the folder that ls has opened.
  EXPECT_EQ(result.out, "0\n1\n");
}

TEST(RunProgram, GivesItATerminal) {
  const Outcome result =
      run({.argv = {"sh", "-c", "test -t 0 && test -t 1 && echo both; test -t 2"},
           .input = Terminal{},
           .output = Terminal{}});

  EXPECT_EQ(result.out, "both\n");
  EXPECT_EQ(result.exit_code, 1);
}

TEST(RunProgram, RedirectsOutputToAFile) {
  EXPECT_NE(run({.argv = {"sh", "-c", "echo x"}, .output = File{.path = "/dev/full"}}).exit_code,
            0);
}

TEST(RunProgram, StartsWithAnEmptyEnvironment) {
  const Outcome result = run({.argv = {"env"},
                              .base_environment = Environment::empty,
                              .environment = {{"ONLY", "this"}},
                              .working_directory = "/"});

  EXPECT_EQ(result.out, "ONLY=this\n");
}

TEST(RunProgram, FailsWhenTheProgramTakesTooLong) {
  EXPECT_THROW(run({.argv = {"sleep", "60"}, .time_limit = milliseconds(50)}), std::runtime_error);
}

TEST(RunProgram, DoesNotWaitForGrandchildrenThatKeepThePipe) {
  EXPECT_LT(run({.argv = {"sh", "-c", "sleep 20 & echo done"}}).duration, milliseconds(10'000));
}

TEST(ChildProcess, TalksAndTakesSignals) {
  Child child({.argv = {"sh", "-c", "trap 'echo got; exit 4' INT; echo ready; read line"},
               .input = Pipe{}});
  child.read_stdout_until("ready\n");

  child.send_signal(SIGINT);
  const Outcome result = child.wait();

  EXPECT_EQ(result.out, "ready\ngot\n");
  EXPECT_EQ(result.exit_code, 4);
}

TEST(ChildProcess, FailsWhenTheTextNeverComes) {
  Child child({.argv = {"echo", "something else"}});

  EXPECT_THROW(child.read_stdout_until("ready"), std::runtime_error);
}

TEST(OutcomeError, ReadsTheLastObjectOnStandardError) {
  const Outcome result = {.err = "note\n{\"error\":{\"code\":\"timeout\",\"n\":1.10,\"a\":[]}}\n"};

  EXPECT_EQ(result.error("/error/code"), "timeout");
  EXPECT_EQ(result.error("/error/n"), "1.10");
  EXPECT_EQ(result.error("/error/a"), "[]");
  EXPECT_EQ(result.error("/error/b"), "<missing>");
  EXPECT_EQ(Outcome{.err = "plain text\n"}.error("/error/code"), "<no JSON on stderr>");
}

}  // namespace
}  // namespace miko::test
