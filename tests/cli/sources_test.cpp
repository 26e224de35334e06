#include "cli/sources.h"

#include <gtest/gtest.h>

#include "cli/settings.h"
#include "support/temporary.h"
#include "support/variables.h"

namespace miko::cli {
namespace {

using std::chrono::seconds;
using test::environment;
using test::TemporaryDirectory;
using test::Variables;

/// A HOME with the contexts "named" and "selected", the second of which is selected.
class SourcesTest : public testing::Test {
 protected:
  SourcesTest() {
    context("named", "broker: amqp://named-context\n");
    context("selected", "broker: amqp://selected-context\n");
    static_cast<void>(home_.write_file(".config/miko/selected", "selected\n"));
  }

  void context(const std::string& name, const std::string& yaml) const {
    static_cast<void>(home_.write_file(".config/miko/contexts/" + name + ".yaml", yaml));
  }

  [[nodiscard]] Environment with_home() const {
    Variables variables = variables_;
    variables["HOME"] = home_.path();
    return environment(variables);
  }

  [[nodiscard]] Settings settings(const TypedOptions& typed = {}) const {
    return resolve_settings(typed, with_home(), Loop(), Clock::now());
  }

  [[nodiscard]] Options resolve(const TypedOptions& typed = {}) const {
    return settings(typed).connection;
  }

  [[nodiscard]] std::string complaint_about(const TypedOptions& typed) const {
    try {
      static_cast<void>(resolve(typed));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return error.what();
    }
    return "none";
  }

  /// The effective settings, one "NAME=VALUE (ORIGIN)" after the other.
  [[nodiscard]] std::string effective(const TypedOptions& typed = {}) const {
    std::string text;
    for (const EffectiveSetting& one :
         effective_settings(typed, with_home(), Loop(), Clock::now())) {
      text += std::string(one.name) + "=" + one.value + " (" + one.origin + ")\n";
    }
    return text;
  }

  const TemporaryDirectory home_;
  Variables variables_ = {};
};

TEST_F(SourcesTest, HaveContextsInTheirOrderOfPrecedence) {
  const std::string config = home_.write_file("config.yaml", "AMQP_URI: amqp://config\n");
  variables_ = {{"MIKO_BROKER", "amqp://miko-broker"},
                {"MIKO_CONTEXT", "named"},
                {"MIKO_CONFIG", config},
                {"AMQP_URI", "amqp://amqp-uri"},
                {"AMQP_URL", "amqp://amqp-url"}};

  EXPECT_EQ(resolve({.broker = "amqp://option", .context = "selected"}).broker, "amqp://option");
  EXPECT_EQ(resolve({.context = "selected"}).broker, "amqp://selected-context");
  EXPECT_EQ(resolve({.config = config}).broker, "amqp://config");
  EXPECT_EQ(resolve().broker, "amqp://miko-broker");
  variables_.erase("MIKO_BROKER");
  EXPECT_EQ(resolve().broker, "amqp://named-context");
  variables_.erase("MIKO_CONTEXT");
  EXPECT_EQ(resolve().broker, "amqp://config");
  variables_.erase("MIKO_CONFIG");
  EXPECT_EQ(resolve().broker, "amqp://amqp-uri");
  variables_.erase("AMQP_URI");
  EXPECT_EQ(resolve().broker, "amqp://amqp-url");
  variables_.erase("AMQP_URL");
  EXPECT_EQ(resolve().broker, "amqp://selected-context");
}

TEST_F(SourcesTest, TakeEverythingFromAContext) {
  context("full",
          "host: h\nport: 1\nvhost: v\nuser: bob\npassword: text:secret\nexchange: e\ntls: "
          "true\nmanagement: https://m\n"
          "cacert: /ca\ncert: /cert\nkey: /key\nservername: n\ninsecure: true\ntimeout: 7s\n");

  const Options options = resolve({.context = "full"});

  EXPECT_EQ(options.broker, Options().broker);
  EXPECT_EQ(options.host, "h");
  EXPECT_EQ(options.port, 1);
  EXPECT_EQ(options.vhost, "v");
  EXPECT_EQ(options.user, "bob");
  EXPECT_EQ(options.password, "secret");
  EXPECT_EQ(options.exchange, "e");
  EXPECT_TRUE(options.tls);
  EXPECT_EQ(options.ca_file, "/ca");
  EXPECT_EQ(options.certificate, "/cert");
  EXPECT_EQ(options.key, "/key");
  EXPECT_EQ(options.server_name, "n");
  EXPECT_TRUE(options.insecure);
  EXPECT_EQ(options.timeout, seconds(7));
  EXPECT_EQ(settings({.context = "full"}).management, "https://m");
}

TEST_F(SourcesTest, SendNothingOfAContextToAnotherBroker) {
  context("selected",
          "broker: amqp://stored\npassword: text:secret\nuser: bob\ncacert: /ca\ninsecure: true\n"
          "exchange: e\ntimeout: 7s\n");
  for (const auto& [name, value] : Variables{{"MIKO_BROKER", "amqp://other"},
                                             {"AMQP_URI", "amqp://other"},
                                             {"AMQP_URL", "amqp://other"}}) {
    SCOPED_TRACE(name);
    variables_ = {{name, value}};

    const Options options = resolve();

    EXPECT_EQ(options.broker, "amqp://other");
    EXPECT_EQ(options.password, std::nullopt);
    EXPECT_EQ(options.user, std::nullopt);
    EXPECT_EQ(options.ca_file, std::nullopt);
    EXPECT_FALSE(options.insecure);
    EXPECT_EQ(options.exchange, "nameko-rpc");
    EXPECT_EQ(options.timeout, seconds(5));
  }
  variables_.clear();
  variables_ = {{"MIKO_MANAGEMENT", "https://stored"}};
  EXPECT_EQ(settings({.broker = "amqp://typed"}).management, std::nullopt);
  EXPECT_EQ(settings().management, "https://stored");
  variables_.clear();
  EXPECT_EQ(resolve({.broker = "amqp://typed", .context = "selected"}).password, std::nullopt);
}

TEST_F(SourcesTest, OverrideThePartsOfAContext) {
  variables_ = {{"MIKO_VHOST", "variable"}};

  EXPECT_EQ(resolve({.host = "option"}).broker, "amqp://selected-context");
  EXPECT_EQ(resolve({.host = "option"}).host, "option");
  EXPECT_EQ(resolve().vhost, "variable");
  EXPECT_EQ(resolve({.context = "named"}).vhost, std::nullopt);
}

TEST_F(SourcesTest, CanDoWithoutAnyContext) {
  EXPECT_EQ(resolve({.context = "-"}).broker, Options().broker);
  variables_ = {{"MIKO_CONTEXT", "-"}};
  EXPECT_EQ(resolve().broker, Options().broker);
}

TEST_F(SourcesTest, DoNotReadAContextThatDoesNotCount) {
  context("selected", "broken");
  variables_ = {{"MIKO_CONTEXT", "missing"}};

  EXPECT_EQ(resolve({.broker = "amqp://h"}).broker, "amqp://h");
  EXPECT_EQ(resolve({.context = "named"}).broker, "amqp://named-context");
  EXPECT_EQ(complaint_about({}), "there is no context 'missing'");
}

TEST_F(SourcesTest, RunNoCommandWhenAnotherPasswordCounts) {
  context("selected", "broker: amqp://bob@h\npassword: cmd:exit 9\n");

  EXPECT_EQ(resolve({.password = "typed"}).password, "typed");
  EXPECT_EQ(complaint_about({}),
            "context selected: no password from 'cmd:exit 9': the command ended with exit status "
            "9");
}

TEST_F(SourcesTest, EndACommandWithTheTimeoutOfTheContext) {
  context("selected", "user: bob\npassword: cmd:sleep 60\ntimeout: 50ms\n");

  EXPECT_EQ(complaint_about({}),
            "context selected: no password from 'cmd:sleep 60': the command did not end in time");
}

TEST_F(SourcesTest, RefuseAConfigurationBesideAContext) {
  EXPECT_EQ(complaint_about({.config = "x", .context = "y"}),
            "--config and --context are both given");
}

TEST_F(SourcesTest, SayWhereEachValueComesFrom) {
  context("selected", "broker: amqp://bob:hidden@h\npassword: cmd:exit 9\ncacert: /ca\n");
  variables_ = {{"MIKO_VHOST", "v"}};

  EXPECT_EQ(effective({.timeout = "1s"}),
            "broker=amqp://bob:********@h (context selected)\n"
            "vhost=v (MIKO_VHOST)\n"
            "password=cmd:exit 9 (context selected)\n"
            "exchange=nameko-rpc (default)\n"
            "cacert=/ca (context selected)\n"
            "timeout=1s (--timeout)\n");
}

TEST_F(SourcesTest, ShowNoPassword) {
  variables_ = {{"MIKO_PASSWORD", "hidden"}, {"AMQP_URI", "amqp://h"}};
  EXPECT_NE(effective().find("password=******** (MIKO_PASSWORD)"), std::string::npos);
  EXPECT_NE(effective({.password = "hidden"}).find("password=******** (--password)"),
            std::string::npos);
  EXPECT_NE(effective({.password_file = "/f"}).find("password=/f (--password-file)"),
            std::string::npos);
}

}  // namespace
}  // namespace miko::cli
