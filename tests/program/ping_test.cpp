// miko ping against real Nameko services.

#include <csignal>

#include "support/eventually.h"
#include "support/nameko_test.h"

namespace miko::test {
namespace {

class PingTest : public NamekoTest {
 protected:
  [[nodiscard]] Command command(std::vector<std::string> arguments) const {
    return miko_command(std::move(arguments), {.environment = {{"AMQP_URI", service().uri}}});
  }
};
MIKO_FOR_BOTH_NAMEKOS(PingTest);

TEST_P(PingTest, CountsReplies) {
  const Outcome run = miko({"ping", "greeting", "-n", "2", "-i", "10ms"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out.find(R"({"seq":1,"ok":true,"ms":)"), 0U);
  EXPECT_NE(run.out.find(R"({"service":"greeting","sent":2,"received":2,"loss_percent":0,)"
                         R"("instances":1,)"),
            std::string::npos)
      << run.out;
}

TEST_P(PingTest, SaysAtOnceThatNobodyIsThere) {
  const Outcome run = miko({"ping", "nosuch"});

  EXPECT_EQ(run.exit_code, 4);
  EXPECT_EQ(run.error("/error/code"), "unknown_service");
  EXPECT_EQ(run.out, "");
}

TEST_P(PingTest, GoesOnUntilItIsInterrupted) {
  Child ping(command({"ping", "greeting", "-n", "0", "-i", "20ms", "--format", "text"}));
  ping.read_stdout_until("greeting: seq=3 time=");
  ping.send_signal(SIGINT);
  const Outcome run = ping.wait();

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find("--- greeting ping statistics ---"), std::string::npos);
}

TEST_P(PingTest, SeesPingsQueueBehindRunningCalls) {
  Child load(command({"bench", "lab.slow", "seconds:=1", "-n", "40", "-j", "40"}));
  Outcome run;
  EXPECT_TRUE(eventually([&] {
    run = miko({"ping", "lab", "-n", "1", "--timeout", "300ms", "--format", "nagios"});
    return run.exit_code == 2;
  }));

  EXPECT_EQ(run.out.find("MIKO CRITICAL - lab: 0 of 1 pings answered, 1 instance, pings queue "
                         "behind running calls: up to "),
            0U)
      << run.out;
}

TEST_P(PingTest, IsAPlugin) {
  const Outcome ok = miko({"ping", "greeting", "-n", "1", "--format", "nagios"});
  const Outcome slow = miko({"ping", "greeting", "-n", "1", "--format", "nagios", "--crit",
                             "0.001ms", "--warn", "0.001ms"});
  const Outcome down = miko({"ping", "nosuch", "--format", "nagios"});

  EXPECT_EQ(ok.out.find("MIKO OK - greeting: 1 of 1 pings answered"), 0U);
  EXPECT_EQ(ok.exit_code, 0);
  EXPECT_EQ(slow.exit_code, 2);
  EXPECT_EQ(down.out, "MIKO CRITICAL - no service 'nosuch' here\n");
  EXPECT_EQ(down.exit_code, 2);
  EXPECT_EQ(down.err, "");
}

TEST_P(PingTest, FailsAScriptThatSetALimit) {
  const Outcome run = miko({"ping", "greeting", "-n", "1", "--crit", "0.001ms"});

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.error("/error/code"), "expectation_failed");
}

}  // namespace
}  // namespace miko::test
