#include "nameko/endpoints.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::nameko {
namespace {

using std::chrono::seconds;

amqp::Endpoint one(const Options& options) {
  const std::vector<amqp::Endpoint> all = endpoints(options);
  EXPECT_EQ(all.size(), 1U);
  return all.front();
}

Failure failure_of(const Options& options) {
  try {
    static_cast<void>(endpoints(options));
  } catch (const Error& error) {
    return error.failure();
  }
  return {};
}

TEST(Endpoints, AreTheOnesOfTheUri) {
  const amqp::Endpoint endpoint = one({.broker = "amqp://bob:pw@h:1/v?heartbeat=7"});

  EXPECT_EQ(endpoint.address(), "h:1");
  EXPECT_EQ(endpoint.vhost, "v");
  EXPECT_EQ(endpoint.user, "bob");
  EXPECT_EQ(endpoint.password, "pw");
  EXPECT_EQ(endpoint.heartbeat, std::chrono::seconds(7));
}

TEST(Endpoints, AreTheUsualOneByDefault) {
  const amqp::Endpoint endpoint = one({});

  EXPECT_EQ(endpoint.address(), "localhost:5672");
  EXPECT_EQ(endpoint.vhost, "/");
  EXPECT_EQ(endpoint.user, "guest");
  EXPECT_EQ(endpoint.password, "guest");
}

TEST(Endpoints, TakeEachPartFromWhatIsSet) {
  const amqp::Endpoint endpoint = one({.broker = "amqp://bob:pw@h:1/v?heartbeat=7",
                                       .host = "other",
                                       .port = std::uint16_t{2},
                                       .vhost = "w",
                                       .user = "eve",
                                       .password = "pw2",
                                       .login_method = "AMQPLAIN",
                                       .heartbeat = std::chrono::seconds(0)});

  EXPECT_EQ(endpoint.address(), "other:2");
  EXPECT_EQ(endpoint.vhost, "w");
  EXPECT_EQ(endpoint.user, "eve");
  EXPECT_EQ(endpoint.password, "pw2");
  EXPECT_EQ(endpoint.login_method, "AMQPLAIN");
  EXPECT_EQ(endpoint.heartbeat, std::chrono::seconds(0));
}

TEST(Endpoints, AreAllOverridden) {
  const std::vector<amqp::Endpoint> all =
      endpoints({.broker = "amqp://h1;amqp://bob:pw@h2", .vhost = "v", .insecure = true});

  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].address(), "h1:5672");
  EXPECT_EQ(all[0].vhost, "v");
  EXPECT_FALSE(all[0].tls_options.verify);
  EXPECT_EQ(all[1].user, "bob");
  EXPECT_EQ(all[1].vhost, "v");
  EXPECT_FALSE(all[1].tls_options.verify);
}

TEST(Endpoints, GiveGuestItsPasswordAndNobodyElse) {
  EXPECT_EQ(one({.broker = "amqp://h"}).password, "guest");
  EXPECT_EQ(one({.broker = "amqp://guest@h"}).password, "guest");
  EXPECT_EQ(one({.broker = "amqp://h", .user = "guest"}).password, "guest");
  EXPECT_EQ(failure_of({.broker = "amqp://bob@h"}).message, "no password for user 'bob'");
  EXPECT_EQ(failure_of({.broker = "amqp://h", .user = "bob"}).message,
            "no password for user 'bob'");
}

TEST(Endpoints, DoNotSendOnesPasswordForAnother) {
  const Failure failure = failure_of({.broker = "amqp://bob:pw@h", .user = "eve"});

  EXPECT_EQ(failure.kind, ErrorKind::usage);
  EXPECT_EQ(failure.message, "no password for user 'eve'");
}

TEST(Endpoints, KeepThePasswordWhenTheSameUserIsNamedAgain) {
  EXPECT_EQ(one({.broker = "amqp://bob:pw@h", .user = "bob"}).password, "pw");
}

TEST(Endpoints, TakeAnEmptyPasswordForOne) {
  EXPECT_EQ(one({.broker = "amqp://bob:@h"}).password, "");
  EXPECT_EQ(one({.broker = "amqp://bob@h", .password = ""}).password, "");
}

TEST(Endpoints, NeedNoPasswordForExternal) {
  EXPECT_EQ(one({.broker = "amqps://bob@h", .login_method = "EXTERNAL"}).password, std::nullopt);
  EXPECT_EQ(one({.broker = "amqps://bob@h?login_method=EXTERNAL"}).login_method, "EXTERNAL");
}

TEST(Endpoints, RefuseUnknownLoginMethods) {
  EXPECT_EQ(failure_of({.login_method = "plain"}).message, "unknown login method 'plain'");
  EXPECT_EQ(failure_of({.login_method = "SCRAM\x1b"}).message,
            R"(unknown login method 'SCRAM\x1b')");
}

TEST(Endpoints, RefuseABadUri) {
  EXPECT_EQ(failure_of({.broker = "http://h"}).kind, ErrorKind::usage);
}

TEST(Endpoints, SetUpTls) {
  const amqp::Endpoint endpoint = one({.broker = "amqp://h",
                                       .tls = true,
                                       .ca_file = "ca.pem",
                                       .certificate = "c.pem",
                                       .key = "k.pem",
                                       .server_name = "name"});

  EXPECT_EQ(endpoint.address(), "h:5671");
  EXPECT_EQ(endpoint.tls_options.ca_file, "ca.pem");
  EXPECT_EQ(endpoint.tls_options.certificate, "c.pem");
  EXPECT_EQ(endpoint.tls_options.key, "k.pem");
  EXPECT_EQ(endpoint.tls_options.server_name, "name");
  EXPECT_TRUE(endpoint.tls_options.verify);
}

TEST(Endpoints, RefuseAHeartbeatOutOfRange) {
  EXPECT_EQ(failure_of({.heartbeat = seconds(100'000)}).kind, ErrorKind::usage);
  EXPECT_EQ(failure_of({.heartbeat = seconds(-1)}).kind, ErrorKind::usage);
}

TEST(Endpoints, UseTheSparePasswordOnlyForAUserWithoutOne) {
  const auto password = [](const std::string& uri) {
    return one({.broker = uri, .password_if_missing = "spare"}).password;
  };

  EXPECT_EQ(password("amqp://bob@h"), "spare");
  EXPECT_EQ(password("amqp://bob:own@h"), "own");
}

}  // namespace
}  // namespace miko::nameko
