#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/fake_server.h"
#include "support/lab.h"
#include "support/miko_program.h"
#include "support/stdout.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class ContextTest : public testing::Test {
 protected:
  void SetUp() override { MIKO_NEEDS_NAMEKO(nameko_2); }

  Outcome miko(std::vector<std::string> arguments, std::map<std::string, std::string> more = {},
               Output output = Pipe{}) const {
    more["HOME"] = home_.path();
    return test::miko(std::move(arguments),
                      {.environment = std::move(more), .output = std::move(output)});
  }

  /// Adds a context of the lab's broker.
  [[nodiscard]] Outcome add(const std::string& name, std::vector<std::string> more) const {
    std::vector<std::string> arguments = {
        "context", "add",       name, "--host", "127.0.0.1", "--port", std::to_string(lab().port()),
        "--user",  lab().user()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return miko(std::move(arguments));
  }

  [[nodiscard]] std::string file(const std::string& name) const {
    return home_.path(".config/miko/contexts/" + name + ".yaml");
  }

  const TemporaryDirectory home_;
  const std::vector<std::string> hello_ = {"call", "greeting", "hello", "name=Ann"};
};

#define EXPECT_HELLO(run) EXPECT_EQ((run).out, "\"Hello, Ann!\"\n") << (run).err

TEST_F(ContextTest, IsUsedByNameByVariableAndWhenSelected) {
  const Outcome added = add("lab", {"--password-from", "env:LAB"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
  EXPECT_EQ(added.out + added.err, "");
  const std::string password = lab().password();

  std::vector<std::string> typed = hello_;
  typed.insert(typed.end(), {"--context", "lab"});
  EXPECT_HELLO(miko(typed, {{"LAB", password}}));
  EXPECT_HELLO(miko(hello_, {{"LAB", password}, {"MIKO_CONTEXT", "lab"}}));
  EXPECT_EQ(miko({"context", "select", "lab"}).exit_code, 0);
  EXPECT_HELLO(miko(hello_, {{"LAB", password}}));
  EXPECT_EQ(miko({"context", "select", "-"}).exit_code, 0);
  EXPECT_EQ(miko({"context", "show"}).exit_code, 2);
}

TEST_F(ContextTest, TakesThePasswordFromAFileOrACommand) {
  const std::string secret = home_.write_file("secret", lab().password() + "\n");
  EXPECT_EQ(add("file", {"--password-file", secret}).exit_code, 0);
  EXPECT_EQ(add("command", {"--password-from", "cmd:cat " + secret}).exit_code, 0);

  EXPECT_HELLO(miko(hello_, {{"MIKO_CONTEXT", "file"}}));
  EXPECT_HELLO(miko(hello_, {{"MIKO_CONTEXT", "command"}}));
}

TEST_F(ContextTest, KeepsAPasswordInClearTextOnlyWhenToldTo) {
  const Outcome refused = add("lab", {"--password", lab().password()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.error("/error/hint").find("--store-password"), std::string::npos);
  EXPECT_EQ(miko({"context", "add", "x", "-b", "amqp://u:p@h"}).exit_code, 2);

  ASSERT_EQ(add("lab", {"--password", lab().password(), "--store-password"}).exit_code, 0);
  EXPECT_HELLO(miko(hello_, {{"MIKO_CONTEXT", "lab"}}));
  EXPECT_EQ(miko({"context", "show", "lab"}).out.find(lab().password()), std::string::npos);

  ASSERT_EQ(::chmod(file("lab").c_str(), 0644), 0);
  const Outcome exposed = miko(hello_, {{"MIKO_CONTEXT", "lab"}});
  EXPECT_EQ(exposed.exit_code, 2);
  EXPECT_NE(exposed.error("/error/message").find("others may read it"), std::string::npos);
  EXPECT_NE(exposed.error("/error/hint").find("chmod 600"), std::string::npos);
}

TEST_F(ContextTest, StoresPathsThatHoldEverywhere) {
  const Outcome run =
      test::miko({"context", "add", "c", "--host", "h", "--cacert", "ca.pem"},
                 {.environment = {{"HOME", home_.path()}}, .working_directory = home_.path()});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(read_file(file("c")), "host: \"h\"\ncacert: \"" + home_.path("ca.pem") + "\"\n");
}

TEST_F(ContextTest, IsListedForPeopleScriptsAndShells) {
  ASSERT_EQ(miko({"context", "add", "two", "-b", "amqp://two"}).exit_code, 0);
  ASSERT_EQ(miko({"context", "add", "one", "-b", "amqp://bob@one", "--select"}).exit_code, 0);

  EXPECT_EQ(miko({"context", "ls"}).out,
            R"([{"name":"one","selected":true,"file":")" + file("one") +
                R"(","broker":"amqp://bob@one"},{"name":"two","selected":false,"file":")" +
                file("two") +
                R"(","broker":"amqp://two"}])"
                "\n");
  EXPECT_EQ(miko({"context", "ls", "-o", "raw"}).out, "one\ntwo\n");
  EXPECT_EQ(miko({"context", "ls", "-o", "pretty"}).out,
            "   CONTEXT  BROKER\n*  one      amqp://bob@one\n   two      amqp://two\n");
  EXPECT_EQ(miko({"context", "ls"}, {{"TERM", "xterm"}}, Terminal{}).out,
            "   \x1b[2mCONTEXT\x1b[0m  \x1b[2mBROKER\x1b[0m\n"
            "*  \x1b[32mone\x1b[0m      amqp://bob@one\n   two      amqp://two\n");
  EXPECT_EQ(miko({"context", "ls", "-o", "csv"}).exit_code, 2);
}

TEST_F(ContextTest, ShowsWhatCountsAndWhy) {
  ASSERT_EQ(miko({"context", "add", "c", "-b", "amqp://bob@h", "--select"}).exit_code, 0);

  const Outcome run = miko({"context", "show", "--effective", "--vhost", "v"});

  EXPECT_EQ(run.out, R"({"broker":{"value":"amqp://bob@h","from":"context c"},)"
                     R"("vhost":{"value":"v","from":"--vhost"},)"
                     R"("exchange":{"value":"nameko-rpc","from":"default"},)"
                     R"("timeout":{"value":"5s","from":"default"}})"
                     "\n");
}

TEST_F(ContextTest, RemovesWhatIsSelected) {
  ASSERT_EQ(miko({"context", "add", "c", "-b", "amqp://h", "--select"}).exit_code, 0);

  EXPECT_EQ(miko({"context", "rm", "c"}).exit_code, 0);
  EXPECT_EQ(miko({"context", "ls", "-o", "raw"}).out, "");
  EXPECT_EQ(miko({"context", "show", "--effective"}).exit_code, 0);
  EXPECT_EQ(miko({"context", "rm", "c"}).error("/error/message"), "there is no context 'c'");
}

TEST_F(ContextTest, IsValidatedAndWithConnectLoggedInTo) {
  ASSERT_EQ(add("good", {"--password-from", "env:LAB"}).exit_code, 0);
  ASSERT_EQ(add("stranger", {"--password-from", "cmd:echo wrong"}).exit_code, 0);
  const std::map<std::string, std::string> environment = {{"LAB", lab().password()}};

  EXPECT_EQ(miko({"context", "validate"}, environment).out,
            R"([{"name":"good","ok":true,"error":null},)"
            R"({"name":"stranger","ok":true,"error":null}])"
            "\n");
  const Outcome connected = miko({"context", "validate", "--connect", "-o", "pretty"}, environment);
  EXPECT_EQ(connected.exit_code, 7);
  EXPECT_NE(connected.out.find("good      ok"), std::string::npos) << connected.out;
  EXPECT_NE(connected.out.find("stranger  failed   login refused"), std::string::npos)
      << connected.out;
  EXPECT_EQ(miko({"context", "validate", "good"}).exit_code, 2);
}

TEST_F(ContextTest, SaysWhichLineIsWrong) {
  ASSERT_EQ(miko({"context", "add", "c", "-b", "amqp://h", "--select"}).exit_code, 0);
  static_cast<void>(home_.write_file(".config/miko/contexts/c.yaml", "host: h\nprot: 1\n"));

  const Outcome called = miko(hello_);
  EXPECT_EQ(called.exit_code, 2);
  EXPECT_EQ(called.error("/error/message"), file("c") + ":2: unknown key 'prot'");
  EXPECT_EQ(called.error("/error/hint"), "did you mean port?");
  const Outcome validated = miko({"context", "validate"});
  EXPECT_EQ(validated.exit_code, 2);
  EXPECT_NE(validated.out.find("unknown key 'prot'"), std::string::npos);
  EXPECT_NE(miko({"context", "ls"}).out.find("unknown key 'prot'"), std::string::npos);
}

TEST_F(ContextTest, HelpsWithItsWords) {
  EXPECT_EQ(miko({"context"}).error("/error/message"), "context takes a command of its own");
  EXPECT_EQ(miko({"context", "lst"}).error("/error/hint"), "did you mean ls?");
  EXPECT_NE(miko({"context", "add", "--help"}).out.find("Usage: miko context add [OPTIONS] NAME"),
            std::string::npos);
  EXPECT_EQ(miko({"context", "add", "c"}).error("/error/message"), "a context with nothing in it");
  EXPECT_EQ(miko({"context", "add", "c", "-c", "x"}).error("/error/message"),
            "a context does not keep --config");
}

}  // namespace
}  // namespace miko::test
