// How many round trips a call takes, counted by cause and effect. TCP's own is added to the counts.

#include "support/authority.h"
#include "support/causal_proxy.h"
#include "support/fake_server.h"
#include "support/nameko_test.h"

namespace miko::test {
namespace {

constexpr int tcp_handshake = 1;

Outcome call_through(const CausalProxy& proxy, const Lab& lab, std::vector<std::string> options) {
  std::vector<std::string> arguments = {"call", "greeting", "hello", "name=Ann"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.insert(arguments.end(), {"--port", std::to_string(proxy.port())});
  return miko(arguments, {.environment = {{"AMQP_URI", lab.service(nameko_2).uri}}});
}

TEST(FlightTest, TheResultComesAfterTwoRoundTripsAndTheExitAfterThree) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const CausalProxy proxy({.server_port = lab().port()});

  const Outcome run = call_through(proxy, lab(), {});

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
  EXPECT_EQ(proxy.depth_of("Hello, Ann!") + tcp_handshake, 2);
  EXPECT_EQ(proxy.final_depth() + tcp_handshake, 3);
}

TEST(FlightTest, TheCarefulWayTakesTwoMore) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const CausalProxy proxy({.server_port = lab().port()});

  const Outcome run = call_through(proxy, lab(), {"--careful"});

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
  EXPECT_EQ(proxy.depth_of("Hello, Ann!") + tcp_handshake, 4);
  EXPECT_EQ(proxy.final_depth() + tcp_handshake, 5);
}

TEST(FlightTest, OnlyTheLastOfSeveralBrokersIsTrustedWithEverythingAtOnce) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const std::string nowhere = "amqp://127.0.0.1:" + std::to_string(unused_port());
  for (const bool last : {false, true}) {
    SCOPED_TRACE(last ? "the last" : "the first");
    const CausalProxy proxy({.server_port = lab().port()});
    std::string through = lab().uri();
    through.replace(through.find(std::to_string(lab().port())), std::to_string(lab().port()).size(),
                    std::to_string(proxy.port()));

    const Outcome run = miko({"call", "greeting", "hello", "name=Ann", "--broker",
                              last ? nowhere + ";" + through : through + ";" + nowhere});

    EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
    EXPECT_EQ(proxy.final_depth() + tcp_handshake, last ? 3 : 5);
  }
}

TEST(FlightTest, TlsTakesOneMore) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Authority authority;
  const Lab own =
      Lab::start({.nameko_versions = {std::string(nameko_2)}, .tls = authority.folder()});
  const CausalProxy proxy({.server_port = own.tls_port()});

  const Outcome run =
      call_through(proxy, own, {"-v", "--tls", "--cacert", authority.path("ca.pem")});

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
  EXPECT_NE(run.err.find("TLSv1.3"), std::string::npos) << run.err;
  EXPECT_EQ(proxy.final_depth() + tcp_handshake, 4);
}

TEST(FlightTest, ABrokerWithLowerLimitsIsLoggedInToCarefully) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start(
      {.nameko_versions = {std::string(nameko_2)}, .broker_config = {"frame_max = 16384"}});
  const CausalProxy proxy({.server_port = own.port()});

  const Outcome run = call_through(proxy, own, {"-v"});

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
  EXPECT_NE(run.err.find("careful"), std::string::npos) << run.err;
  EXPECT_EQ(proxy.connections(), 2);
}

TEST(FlightTest, TheBrokerLogsNoUncleanClose) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)}});
  const auto call = [&own](std::vector<std::string> arguments) {
    return miko(std::move(arguments), {.environment = {{"AMQP_URI", own.uri()}}});
  };

  EXPECT_EQ(call({"call", "greeting", "hello", "name=Ann"}).exit_code, 0);
  EXPECT_EQ(call({"call", "greeting", "hello", "name=Ann", "--careful"}).exit_code, 0);
  EXPECT_EQ(call({"call", "lab", "boom"}).exit_code, 1);
  EXPECT_EQ(call({"call", "greting", "hello"}).exit_code, 4);
  EXPECT_EQ(call({"call", "lab", "slow", ":=1", "--timeout", "300ms"}).exit_code, 124);

  EXPECT_EQ(own.broker_log().find("client unexpectedly closed"), std::string::npos)
      << own.broker_log();
}

}  // namespace
}  // namespace miko::test
