// miko doctor against a broker of its own, with TLS, users of few rights and a Nameko service.

#include <gtest/gtest.h>

#include "fault/black_hole.h"
#include "support/authority.h"
#include "support/fake_server.h"
#include "support/lab.h"
#include "support/miko_program.h"

namespace miko::test {
namespace {

const Authority& authority() {
  static const Authority made;
  return made;
}

/// May call services, and nothing else.
const User& caller() {
  static const User user = {.name = "caller",
                            .password = "doctor",
                            .configure = "^rpc\\.reply-miko-.*$",
                            .write = "^(rpc\\.reply-miko-.*|nameko-rpc)$",
                            .read = "^(rpc\\.reply-miko-.*|nameko-rpc)$"};
  return user;
}

/// May do nothing.
const User& nobody() {
  static const User user = {
      .name = "nobody", .password = "doctor", .configure = "^$", .write = "^$", .read = "^$"};
  return user;
}

/// May receive, but not send requests.
const User& reader() {
  static const User user = {.name = "reader",
                            .password = "doctor",
                            .configure = "^rpc\\.reply-miko-.*$",
                            .write = "^rpc\\.reply-miko-.*$",
                            .read = "^(rpc\\.reply-miko-.*|nameko-rpc)$"};
  return user;
}

const Lab& own_lab() {
  static const Lab started = Lab::start({.nameko_versions = {std::string(nameko_2)},
                                         .users = {caller(), nobody(), reader()},
                                         .tls = authority().folder()});
  return started;
}

class DoctorTest : public testing::Test {
 protected:
  void SetUp() override { MIKO_SKIP_BECAUSE(own_lab().why_no_nameko(nameko_2)); }

  static Outcome doctor(const std::string& uri, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"doctor", "-b", uri});
    return miko(std::move(more));
  }

  static std::string tls_uri(const std::string& host = "localhost") {
    return "amqps://" + own_lab().user() + ":" + own_lab().password() + "@" + host + ":" +
           std::to_string(own_lab().tls_port()) + "/";
  }

  /// The verdict of a check in the report, and the text behind it.
  static std::string finding(const Outcome& run, const std::string& check) {
    const std::string start = "{\"check\":\"" + check + "\",\"verdict\":\"";
    const std::size_t at = run.out.find(start);
    if (at == std::string::npos) {
      return "not there: " + run.out + run.err;
    }
    const std::size_t from = at + start.size();
    return run.out.substr(from, run.out.find('}', from) - from);
  }
};

#define EXPECT_VERDICT(run, check, verdict)                       \
  EXPECT_TRUE(finding(run, check).starts_with(verdict "\",\"ms")) \
      << (check) << ": " << finding(run, check)
#define EXPECT_SAID(run, check, text)                          \
  EXPECT_NE(finding(run, check).find(text), std::string::npos) \
      << (check) << ": " << finding(run, check)

TEST_F(DoctorTest, FindsThatAllIsWell) {
  const Outcome run = doctor(own_lab().uri(), {"greeting"});

  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_TRUE(run.out.starts_with("{\"ok\":true,"));
  for (const std::string check : {"resolve", "connect", "login", "vhost", "exchange", "rights",
                                  "reply_queue", "round_trip", "service"}) {
    EXPECT_VERDICT(run, check, "ok");
  }
  EXPECT_VERDICT(run, "tls", "skipped");
  EXPECT_SAID(run, "login", "RabbitMQ ");
  EXPECT_SAID(run, "exchange", "topic, durable");
  EXPECT_SAID(run, "service", "1 instance, 0 requests waiting; it answers");
}

TEST_F(DoctorTest, PrintsATableForPeople) {
  const Outcome run = doctor(own_lab().uri("empty"), {"-o", "pretty"});

  EXPECT_EQ(run.exit_code, 4);
  EXPECT_TRUE(run.out.starts_with("CHECK        VERDICT  TIME")) << run.out;
  EXPECT_NE(run.out.find("\nexchange     failed "), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("\n\nexchange: the first Nameko service"), std::string::npos) << run.out;
}

TEST_F(DoctorTest, AcceptsTheLeastRightsAndMissesFewer) {
  const Outcome enough = doctor(own_lab().uri(caller()), {"greeting"});
  EXPECT_EQ(enough.exit_code, 0) << enough.out;

  const Outcome none = doctor(own_lab().uri(nobody()), {"greeting"});
  EXPECT_EQ(none.exit_code, 7);
  const bool hidden = own_lab().hides_from_strangers();
  EXPECT_VERDICT(none, "exchange", hidden ? "skipped" : "ok");
  EXPECT_VERDICT(none, "rights", "failed");
  EXPECT_SAID(none, "rights", "lacks configure on rpc.reply-miko-.*");
  EXPECT_VERDICT(none, "round_trip", "skipped");
  EXPECT_SAID(none, "service", hidden ? "not for this user to see" : "1 instance");

  const Outcome some = doctor(own_lab().uri(reader()));
  EXPECT_EQ(some.exit_code, 7);
  EXPECT_SAID(some, "rights", "'reader' lacks write on nameko-rpc\"");
}

TEST_F(DoctorTest, PrintsTheLineThatGrantsWhatIsMissing) {
  const Outcome before = doctor(own_lab().uri(nobody()), {"-o", "pretty"});
  const std::size_t line = before.out.find("rabbitmqctl set_permissions ");
  ASSERT_NE(line, std::string::npos) << before.out;
  const std::string words =
      before.out.substr(line + std::string("rabbitmqctl ").size(),
                        before.out.find('\n', line) - line - std::string("rabbitmqctl ").size());

  // As a shell would split it.
  const Outcome split = run({.argv = {"sh", "-c", "printf '%s\\n' " + words}});
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < split.out.size();) {
    const std::size_t end = split.out.find('\n', at);
    arguments.push_back(split.out.substr(at, end - at));
    at = end + 1;
  }
  ASSERT_EQ(own_lab().rabbitmqctl(arguments).exit_code, 0);

  EXPECT_EQ(doctor(own_lab().uri(nobody()), {"greeting"}).exit_code, 0);
  EXPECT_EQ(own_lab().rabbitmqctl({"set_permissions", "nobody", "^$", "^$", "^$"}).exit_code, 0);
}

TEST_F(DoctorTest, TellsLoginFromVhost) {
  const std::string address = "@127.0.0.1:" + std::to_string(own_lab().port()) + "/";

  const Outcome stranger = doctor("amqp://guest:wrong" + address);
  EXPECT_EQ(stranger.exit_code, 7);
  EXPECT_VERDICT(stranger, "connect", "ok");
  EXPECT_VERDICT(stranger, "login", "failed");
  EXPECT_VERDICT(stranger, "vhost", "skipped");

  const Outcome elsewhere = doctor(own_lab().uri() + "nowhere");
  EXPECT_EQ(elsewhere.exit_code, 7);
  EXPECT_VERDICT(elsewhere, "login", "ok");
  EXPECT_VERDICT(elsewhere, "vhost", "failed");
  EXPECT_VERDICT(elsewhere, "round_trip", "skipped");
}

TEST_F(DoctorTest, LooksAtTheExchange) {
  const Outcome empty = doctor(own_lab().uri("empty"));
  EXPECT_EQ(empty.exit_code, 4);
  EXPECT_VERDICT(empty, "exchange", "failed");
  EXPECT_VERDICT(empty, "rights", "ok");

  const Outcome other = doctor(own_lab().uri(), {"--exchange", "amq.direct"});
  EXPECT_EQ(other.exit_code, 7);
  EXPECT_VERDICT(other, "exchange", "failed");
  EXPECT_SAID(other, "exchange", "is not the durable topic exchange that Nameko makes");
}

TEST_F(DoctorTest, LooksForTheService) {
  const Outcome unknown = doctor(own_lab().uri(), {"nosuch"});
  EXPECT_EQ(unknown.exit_code, 4);
  EXPECT_VERDICT(unknown, "round_trip", "ok");
  EXPECT_VERDICT(unknown, "service", "failed");
  EXPECT_SAID(unknown, "service", "\"code\":\"unknown_service\"");
}

TEST_F(DoctorTest, ReadsTheCertificate) {
  const std::string ca = authority().path("ca.pem");

  const Outcome good = doctor(tls_uri(), {"--cacert", ca});
  EXPECT_EQ(good.exit_code, 0) << good.out;
  // The authority's certificates last for two days.
  EXPECT_VERDICT(good, "tls", "warning");
  EXPECT_SAID(good, "tls", "for 127.0.0.1, localhost, issued by ");
  EXPECT_SAID(good, "tls", "(in 1 days)");
  EXPECT_SAID(good, "tls", "renew the broker's certificate");

  const Outcome unchecked = doctor(tls_uri(), {"--insecure"});
  EXPECT_EQ(unchecked.exit_code, 0);
  EXPECT_SAID(unchecked, "tls", "not verified");

  const Outcome stranger = doctor(tls_uri());
  EXPECT_EQ(stranger.exit_code, 7);
  EXPECT_VERDICT(stranger, "tls", "failed");
  EXPECT_VERDICT(stranger, "login", "skipped");
  const Outcome other = doctor(tls_uri(), {"--cacert", ca, "--servername", "example.com"});
  EXPECT_EQ(other.exit_code, 7);
  EXPECT_SAID(other, "tls", "not for example.com");
}

TEST_F(DoctorTest, SaysHowFarItCame) {
  const Outcome nameless = doctor("amqp://broker.invalid/");
  EXPECT_EQ(nameless.exit_code, 6);
  EXPECT_VERDICT(nameless, "resolve", "failed");
  EXPECT_VERDICT(nameless, "connect", "skipped");

  const BlackHole hole;
  const Outcome nowhere = doctor(hole.uri(), {"--timeout", "300ms"});
  EXPECT_EQ(nowhere.exit_code, 6);
  EXPECT_VERDICT(nowhere, "resolve", "ok");
  EXPECT_VERDICT(nowhere, "connect", "failed");

  const Outcome closed = doctor("amqp://127.0.0.1:" + std::to_string(unused_port()) + "/");
  EXPECT_EQ(closed.exit_code, 6);
  EXPECT_VERDICT(closed, "connect", "failed");

  const Outcome plain = doctor("amqps" + own_lab().uri().substr(4));
  EXPECT_EQ(plain.exit_code, 6);
  EXPECT_VERDICT(plain, "tls", "failed");
}

TEST_F(DoctorTest, LeavesNothingBehind) {
  ASSERT_EQ(doctor(own_lab().uri()).exit_code, 0);

  EXPECT_EQ(own_lab().rabbitmqctl({"list_queues", "name"}).out.find("rpc.reply-miko"),
            std::string::npos);
}

}  // namespace
}  // namespace miko::test
