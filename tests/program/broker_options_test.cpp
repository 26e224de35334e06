// Where the broker is: every way to say it, and which of two ways wins.

#include "support/fake_server.h"
#include "support/lab.h"
#include "support/miko_program.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class BrokerOptionsTest : public testing::Test {
 protected:
  void SetUp() override { MIKO_NEEDS_NAMEKO(nameko_2); }

  static Outcome call(std::vector<std::string> options, MikoOptions how = {}) {
    std::vector<std::string> arguments = {"call", "greeting", "hello", "name=Ann"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return miko(std::move(arguments), std::move(how));
  }

  static std::string port() { return std::to_string(lab().port()); }

  /// A broker URI that leads nowhere.
  static std::string nowhere() { return "amqp://127.0.0.1:" + std::to_string(unused_port()); }
};

#define EXPECT_HELLO(run) EXPECT_EQ((run).out, "\"Hello, Ann!\"\n") << (run).err

TEST_F(BrokerOptionsTest, TheBrokerIsAnOption) {
  EXPECT_HELLO(call({"--broker", lab().uri()}));
  EXPECT_HELLO(call({"-b", lab().uri()}));
}

TEST_F(BrokerOptionsTest, TheBrokerIsAVariable) {
  for (const char* name : {"MIKO_BROKER", "AMQP_URI", "AMQP_URL"}) {
    SCOPED_TRACE(name);

    EXPECT_HELLO(call({}, {.environment = {{name, lab().uri()}}}));
  }
}

TEST_F(BrokerOptionsTest, KombusSchemeIsUnderstood) {
  std::string uri = lab().uri();
  uri.replace(0, 4, "pyamqp");

  EXPECT_HELLO(call({"--broker", uri}));
}

TEST_F(BrokerOptionsTest, SeveralBrokersAreTriedInOrder) {
  EXPECT_HELLO(call({"--broker", nowhere() + ";" + lab().uri()}));
}

TEST_F(BrokerOptionsTest, ThePartsAreOptions) {
  const TemporaryDirectory directory;
  const std::string password = directory.write_file("password", lab().password() + "\n", 0600);

  EXPECT_HELLO(call({"--host", "127.0.0.1", "--port", port(), "--user", lab().user(),
                     "--password-file", password}));
  EXPECT_HELLO(call({"--host", "localhost", "--port", port(), "--vhost", "/"}));
}

TEST_F(BrokerOptionsTest, ThePartsAreVariables) {
  EXPECT_HELLO(call({}, {.environment = {{"MIKO_HOST", "127.0.0.1"},
                                         {"MIKO_PORT", port()},
                                         {"MIKO_USER", lab().user()},
                                         {"MIKO_PASSWORD", lab().password()}}}));
}

TEST_F(BrokerOptionsTest, PartsOverrideTheUri) {
  EXPECT_HELLO(call({"--broker", nowhere(), "--port", port()}));
  EXPECT_HELLO(call({"--port", port()}, {.environment = {{"AMQP_URI", nowhere()}}}));
}

TEST_F(BrokerOptionsTest, WhatWasTypedBeatsTheEnvironment) {
  EXPECT_HELLO(call({"--broker", lab().uri()},
                    {.environment = {{"MIKO_BROKER", nowhere()}, {"MIKO_PORT", "1"}}}));
}

TEST_F(BrokerOptionsTest, TheMikoVariableBeatsTheGeneralOne) {
  EXPECT_HELLO(call({}, {.environment = {{"MIKO_BROKER", lab().uri()}, {"AMQP_URI", nowhere()}}}));
}

TEST_F(BrokerOptionsTest, ANamekoConfigurationNamesTheBroker) {
  const std::string config = lab().service(nameko_2).config;

  EXPECT_HELLO(call({"-c", config}));
  EXPECT_HELLO(call({"--config", config}, {.environment = {{"MIKO_BROKER", nowhere()}}}));
  EXPECT_HELLO(call({}, {.environment = {{"MIKO_CONFIG", config}, {"AMQP_URI", nowhere()}}}));
}

TEST_F(BrokerOptionsTest, AConfigurationReadsItsVariables) {
  const TemporaryDirectory directory;
  const std::string config = directory.write_file(
      "config.yaml", "AMQP_URI: pyamqp://${USER_AND_PASSWORD:x:y}@${WHERE}/\n");

  EXPECT_HELLO(call({"-c", config},
                    {.environment = {{"USER_AND_PASSWORD", lab().user() + ":" + lab().password()},
                                     {"WHERE", "127.0.0.1:" + port()}}}));
}

TEST_F(BrokerOptionsTest, TheExchangeCanBeAnother) {
  const Outcome run = call({"--broker", lab().uri(), "--exchange", "another-rpc"});

  EXPECT_EQ(run.exit_code, 4);
  EXPECT_NE(run.error("/error/message").find("another-rpc"), std::string::npos) << run.err;
}

TEST_F(BrokerOptionsTest, APasswordFileThatOthersCanReadIsRefused) {
  const TemporaryDirectory directory;
  const std::string password = directory.write_file("password", "secret\n", 0644);

  const Outcome run = call({"--user", "u", "--password-file", password});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.error("/error/hint").find("chmod 600"), std::string::npos) << run.err;
}

TEST_F(BrokerOptionsTest, AUserWithoutPasswordIsNotGivenOne) {
  const Outcome run = call({"--user", "somebody"});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.error("/error/message").find("no password for user 'somebody'"), std::string::npos);
}

TEST_F(BrokerOptionsTest, ABadVariableIsNamedWithoutItsValue) {
  for (const char* name : {"MIKO_PORT", "MIKO_TIMEOUT", "MIKO_OUTPUT"}) {
    SCOPED_TRACE(name);

    const Outcome run = call({}, {.environment = {{name, "s3cret"}}});

    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find(name), std::string::npos) << run.err;
    EXPECT_EQ(run.err.find("s3cret"), std::string::npos) << run.err;
  }
}

TEST_F(BrokerOptionsTest, ABadUriIsNamedByItsVariableAndShowsNoPassword) {
  for (const char* name : {"MIKO_BROKER", "AMQP_URI"}) {
    SCOPED_TRACE(name);

    const Outcome run = call({}, {.environment = {{name, "amqp://ann:m4rker@h:x"}}});

    EXPECT_EQ(run.exit_code, 2);
    EXPECT_NE(run.err.find(name), std::string::npos) << run.err;
    EXPECT_EQ(run.err.find("m4rker"), std::string::npos) << run.err;
  }
}

TEST_F(BrokerOptionsTest, AMisplacedUriShowsNoPassword) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"amqp://ann:m4rker@h", "call", "a", "b"},
           {"call", "a", "b", "amqp://ann:m4rker@h"},
           {"call", "amqp://ann:m4rker@h", "a", "b"},
           {"call", "a", "b", "--timeout", "amqp://ann:m4rker@h"},
           {"call", "a", "b", "-b", "amqp://h?password=m4rker&heartbeat=x"}}) {
    const Outcome run = miko(words);

    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.err.find("m4rker"), std::string::npos) << run.err;
  }
}

}  // namespace
}  // namespace miko::test
