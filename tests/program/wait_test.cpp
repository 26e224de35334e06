// miko wait, call --wait and call --retry, and what a timeout says about a service.

#include <csignal>

#include "support/eventually.h"
#include "support/instance.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class WaitTest : public NamekoTest {};
MIKO_FOR_BOTH_NAMEKOS(WaitTest);

TEST_P(WaitTest, EndsAtOnceWhenEverythingRuns) {
  const Outcome run = miko({"wait", "greeting", "lab"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find(R"({"service":"greeting","instances":1,"ready":0})"), std::string::npos);
}

TEST_P(WaitTest, SaysWhatIsMissing) {
  const Outcome unknown = miko({"wait", "nosuch", "greeting", "--timeout", "200ms"});
  const Outcome too_few = miko({"wait", "greeting", "--count", "2", "--timeout", "200ms"});

  EXPECT_EQ(unknown.exit_code, 124);
  EXPECT_EQ(unknown.out, "");
  EXPECT_EQ(unknown.error("/error/message"), "nosuch was never deployed here");
  EXPECT_EQ(unknown.error("/error/executed"), "no");
  EXPECT_EQ(too_few.error("/error/message"), "greeting has 1 of 2 instances");
}

TEST_P(WaitTest, AService_FromItsFirstStartToItsBacklog) {
  Child waiting(miko_command({"wait", "fresh", "--timeout", "30s"},
                             {.environment = {{"AMQP_URI", service().uri}}}));
  Child calling(miko_command({"call", "--wait", "fresh", "hello", "--timeout", "30s"},
                             {.environment = {{"AMQP_URI", service().uri}}}));
  Child instance(instance_of(service(), "fresh"));
  EXPECT_EQ(waiting.wait().exit_code, 0);
  EXPECT_EQ(calling.wait().out, "\"hello\"\n");

  const Outcome slow = miko({"call", "fresh", "slow", "seconds:=2", "--timeout", "300ms"});
  EXPECT_EQ(slow.exit_code, 124);
  EXPECT_EQ(slow.error("/error/message"),
            "no reply from fresh.slow in 300 ms: taken by an instance, still running");
  EXPECT_EQ(slow.error("/error/executed"), "maybe");

  instance.send_signal(SIGKILL);
  static_cast<void>(instance.wait());
  const Outcome stopped = miko({"call", "fresh", "hello", "--timeout", "300ms"});
  EXPECT_EQ(stopped.exit_code, 124);
  EXPECT_NE(stopped.error("/error/message").find(": no instance is running, "), std::string::npos);
  EXPECT_EQ(stopped.error("/error/executed"), "maybe");
  EXPECT_EQ(
      miko({"call", "--wait", "fresh", "hello", "--timeout", "300ms"}).error("/error/executed"),
      "no");
}

TEST_P(WaitTest, AnOverloadedService) {
  Child load(miko_command({"bench", "lab.slow", "seconds:=1", "-n", "30", "-j", "30"},
                          {.environment = {{"AMQP_URI", service().uri}}}));
  // Nobody can tell when its calls are waiting but the broker.
  std::string message;
  EXPECT_TRUE(eventually([&] {
    message = miko({"call", "lab.echo", "=x", "--timeout", "200ms"}).error("/error/message");
    return message.find("waiting") != std::string::npos;
  }));

  EXPECT_NE(message.find("1 instance, "), std::string::npos) << message;
  EXPECT_NE(message.find(" waiting: overloaded"), std::string::npos) << message;
}

TEST_P(WaitTest, RepeatsOnlyWhatDidNotRun) {
  const Outcome unknown = miko({"call", "nosuch.hello", "--retry", "2", "-v"});
  const Outcome raised = miko({"call", "lab.boom", "--retry", "2", "-v"});

  EXPECT_EQ(unknown.exit_code, 4);
  EXPECT_EQ(unknown.err.find("retry"), unknown.err.find("retry "));
  EXPECT_NE(unknown.err.find("retry", unknown.err.find("retry") + 1), std::string::npos);
  EXPECT_EQ(raised.exit_code, 1);
  EXPECT_EQ(raised.err.find("retry"), std::string::npos);
}

TEST(Wait, TriesABrokerThatIsNotThereUntilTheTimeout) {
  const Outcome run = miko({"wait", "-b", "amqp://127.0.0.1:1/", "--timeout", "200ms"});

  EXPECT_EQ(run.exit_code, 124);
  EXPECT_EQ(run.error("/error/code"), "timeout");
  EXPECT_NE(run.error("/error/message").find("connection refused"), std::string::npos);
}

TEST(Wait, TakesTheTimeoutOfTheContext) {
  const TemporaryDirectory folder;
  static_cast<void>(
      folder.write_file("miko/contexts/far.yaml", "broker: amqp://127.0.0.1:1/\ntimeout: 200ms\n"));
  const Outcome run =
      miko({"wait", "--context", "far"}, {.environment = {{"XDG_CONFIG_HOME", folder.path()}}});

  EXPECT_EQ(run.exit_code, 124);
}

TEST(Wait, WithoutAServiceIsDoneWhenTheBrokerAnswersTheLogin) {
  MIKO_NEEDS_BROKER();
  const Outcome run = miko({"wait"}, {.environment = {{"AMQP_URI", lab().uri()}}});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find(R"("services":[])"), std::string::npos);
}

TEST(Wait, DoesNotWaitForWhatNoWaitingMends) {
  MIKO_NEEDS_BROKER();
  const Outcome run = miko({"wait"}, {.environment = {{"AMQP_URI", lab().uri("nosuch")}}});

  EXPECT_EQ(run.exit_code, 7);
  EXPECT_EQ(miko({"wait", "--count", "2"}).exit_code, 2);
}

}  // namespace
}  // namespace miko::test
