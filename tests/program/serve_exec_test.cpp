// miko serve --exec: programs that answer, and programs that do not.

#include <filesystem>
#include <fstream>

#include "base/uuid.h"
#include "support/eventually.h"
#include "support/nameko_test.h"
#include "support/serve.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class ServeExecTest : public testing::Test {
 protected:
  void SetUp() override { MIKO_NEEDS_BROKER(); }

  /// `words`: options of serve.
  [[nodiscard]] std::vector<std::string> serving(std::vector<std::string> words) const {
    words.insert(words.begin(), service_);
    return words;
  }

  [[nodiscard]] Outcome call(std::vector<std::string> words) const {
    words.insert(words.begin(), {"call", service_});
    return miko(std::move(words), {.environment = {{"AMQP_URI", lab().uri()}}});
  }

  [[nodiscard]] Command call_command(const std::string& method) const {
    return miko_command({"call", service_, method, "--timeout", "20s"},
                        {.environment = {{"AMQP_URI", lab().uri()}}});
  }

  std::string service_ = "serve-" + random_uuid();
  TemporaryDirectory directory_;
};

TEST_F(ServeExecTest, AShellScriptIsAService) {
  Serve serve(lab().uri(),
              serving({"--exec", "hello=cat",  //
                       "--exec", R"(where=printf '"%s.%s"' $MIKO_SERVICE $MIKO_METHOD)", "--exec",
                       R"(headers=printf %s "$MIKO_HEADERS")"}));

  EXPECT_EQ(call({"hello", "=Ann", "n:=1e400"}).out,
            "{\"args\":[\"Ann\"],\"kwargs\":{\"n\":1e400}}\n");
  EXPECT_EQ(call({"where"}).out, "\"" + service_ + ".where\"\n");
  EXPECT_NE(call({"headers", "--ctx", "language=en"}).out.find(R"("nameko.language":"en")"),
            std::string::npos);
}

TEST_F(ServeExecTest, APythonScriptIsAService) {
  const std::string script = directory_.write_file("add.py",
                                                   "import json, sys\n"
                                                   "call = json.load(sys.stdin)\n"
                                                   "print(json.dumps(sum(call['args'])))\n");
  Serve serve(lab().uri(), serving({"--exec", "add(a, b)=python3 " + script}));

  EXPECT_EQ(call({"add", ":=40", ":=2"}).out, "42\n");
  EXPECT_EQ(call({"add", ":=40"}).error("/error/code"), "bad_arguments");
  const Outcome raised = call({"add", "=a", ":=1"});
  EXPECT_EQ(raised.exit_code, 1);
  EXPECT_EQ(raised.error("/error/remote/exc_path"), "miko.ProgramFailed");
  EXPECT_NE(raised.error("/error/remote/value").find("TypeError: unsupported operand"),
            std::string::npos);
}

TEST_F(ServeExecTest, WhatIsNotOneJsonValueIsAnException) {
  Serve serve(lab().uri(), serving({"--exec", "words=echo not json", "--exec", "two=echo 1 2",  //
                                    "--exec", "nothing=true", "--exec", "bytes=printf '\\377'",
                                    "--exec", "status=exit 3", "--exec", "killed=kill -SEGV $$"}));

  EXPECT_EQ(call({"words"}).error("/error/remote/value"),
            "the program did not print one JSON value: expected a value at byte 0: 'not json'");
  EXPECT_EQ(call({"two"}).error("/error/remote/exc_path"), "miko.ProgramOutputInvalid");
  EXPECT_EQ(call({"nothing"}).error("/error/remote/value"), "the program printed nothing");
  EXPECT_EQ(call({"bytes"}).error("/error/remote/exc_path"), "miko.ProgramOutputInvalid");
  EXPECT_EQ(call({"status"}).error("/error/remote/value"), "the program ended with status 3");
  EXPECT_EQ(call({"killed"}).error("/error/remote/value"), "signal 11 ended the program");
}

TEST_F(ServeExecTest, AProgramThatHangsIsKilledWithItsChildren) {
  const std::string child = directory_.path("child");
  Serve serve(lab().uri(), serving({"--exec", "hang=sleep 1000 & echo $! >" + child + "; wait",
                                    "--exec-timeout", "300ms"}));

  const Outcome run = call({"hang"});

  EXPECT_EQ(run.error("/error/remote/exc_path"), "miko.ProgramTimedOut");
  EXPECT_EQ(run.error("/error/remote/value"), "the program took longer than 0.3 s");
  const pid_t pid = std::stoi(read_file(child));
  EXPECT_TRUE(eventually([pid] { return ::kill(pid, 0) != 0; }));
}

TEST_F(ServeExecTest, AProgramThatForksAndEndsIsAnsweredAtOnce) {
  const std::string child = directory_.path("child");
  Serve serve(lab().uri(), serving({"--exec", "fork=sleep 1000 & echo $! >" + child + "; echo 1"}));

  EXPECT_EQ(call({"fork"}).out, "1\n");
  const pid_t pid = std::stoi(read_file(child));
  EXPECT_TRUE(eventually([pid] { return ::kill(pid, 0) != 0; }));
}

TEST_F(ServeExecTest, NothingSurvivesMikoWhateverKillsIt) {
  const std::string child = directory_.path("child");
  Serve serve(lab().uri(), serving({"--exec", "hang=sleep 1000 & echo $! >" + child + "; wait"}));
  Child caller(call_command("hang"));
  ASSERT_TRUE(
      eventually([&child] { return std::filesystem::exists(child) && !read_file(child).empty(); }));

  serve.child().send_signal(SIGKILL);

  const pid_t pid = std::stoi(read_file(child));
  EXPECT_TRUE(eventually([pid] { return ::kill(pid, 0) != 0; }));
}

TEST_F(ServeExecTest, FinishesTheProgramsThatRunWhenItIsStopped) {
  const std::string begun = directory_.path("begun");
  const std::string go_on = directory_.path("go-on");
  Serve serve(lab().uri(), serving({"--exec", "wait=touch " + begun + "; while [ ! -e " + go_on +
                                                  " ]; do sleep 0.02; done; echo 1"}));
  Child caller(call_command("wait"));
  ASSERT_TRUE(eventually([&begun] { return std::filesystem::exists(begun); }));

  serve.child().send_signal(SIGTERM);
  directory_.write_file("go-on", "");

  EXPECT_EQ(caller.wait().out, "1\n");
  EXPECT_EQ(serve.child().wait().exit_code, 143);
}

TEST_F(ServeExecTest, RunsNoMoreProgramsThanItIsTold) {
  const std::string count =
      "n=" + directory_.path("n") + "; mkdir $n.$$; ls -d $n.* | wc -l; sleep 0.05; rmdir $n.$$";
  Serve serve(lab().uri(), serving({"--exec", "count=" + count, "-j", "3"}));

  const Outcome run = miko({"call", service_, "count", "--batch", "-j", "30"},
                           {.environment = {{"AMQP_URI", lab().uri()}},
                            .input = Text{"[] [] [] [] [] [] [] [] [] [] [] [] [] [] [] []"}});

  EXPECT_EQ(run.exit_code, 0) << run.out;
  EXPECT_EQ(run.out.find(R"("result":4)"), std::string::npos) << run.out;
}

std::size_t entries(const std::string& folder) {
  const std::filesystem::directory_iterator all(folder);
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_F(ServeExecTest, LeavesNoZombieAndNoDescriptor) {
  Serve serve(lab().uri(), serving({"--exec", "one=echo 1"}));
  const std::string self = "/proc/" + std::to_string(serve.child().pid());
  ASSERT_EQ(call({"one"}).out, "1\n");
  const std::size_t before = entries(self + "/fd");
  std::string thousand;
  for (int i = 0; i < 1000; ++i) {
    thousand += "[] ";
  }

  const Outcome run = miko({"call", service_, "one", "--batch", "-o", "none"},
                           {.environment = {{"AMQP_URI", lab().uri()}}, .input = Text{thousand}});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(entries(self + "/fd"), before);
  // The guard is its only child.
  std::ifstream children(self + "/task/" + std::to_string(serve.child().pid()) + "/children");
  std::string first;
  std::string second;
  children >> first >> second;
  EXPECT_NE(first, "");
  EXPECT_EQ(second, "");
}

}  // namespace
}  // namespace miko::test
