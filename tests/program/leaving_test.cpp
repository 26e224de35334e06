// Clients, taps and listeners that go while real Nameko services are talking. RabbitMQ 4.3 refuses
// what is for a queue that is just going away, and a Nameko service ends of a refused reply: with
// that version, which scripts/test-brokers has, these tests fail where miko just goes.

#include <csignal>

#include "support/answers.h"
#include "support/nameko_test.h"

namespace miko::test {
namespace {

class LeavingTest : public NamekoTest {
 protected:
  /// Calls that go on, many at a time, until stop().
  [[nodiscard]] std::unique_ptr<Child> load(std::vector<std::string> words) const {
    words.insert(words.begin(), "bench");
    words.insert(words.end(), {"-j", "20", "-z", "1h", "--timeout", "20s"});
    return start(std::move(words));
  }

  /// All of its calls must have succeeded.
  static void expect_no_failure(Child& load) {
    load.send_signal(SIGINT);
    const Outcome run = load.wait();
    EXPECT_EQ(json_at(run.out, "errors"), "{}") << run.out;
  }

  [[nodiscard]] std::unique_ptr<Child> start(std::vector<std::string> words) const {
    return std::make_unique<Child>(
        miko_command(std::move(words), {.environment = {{"AMQP_URI", service().uri}}}));
  }

  void expect_alive() const {
    EXPECT_EQ(miko({"call", "greeting", "hello", "name=Ann", "--timeout", "20s"}).out,
              "\"Hello, Ann!\"\n");
  }
};
MIKO_FOR_BOTH_NAMEKOS(LeavingTest);

TEST_P(LeavingTest, TheServiceOutlivesABatchThatNobodyReads) {
  for (int i = 0; i < 5; ++i) {
    const Outcome run =
        run_shell("yes '[\"Ann\"]' | miko call greeting hello --batch --timeout 20s | head -1");

    EXPECT_NE(run.out.find("Hello, Ann!"), std::string::npos) << run.out;
  }

  expect_alive();
}

TEST_P(LeavingTest, TheServiceOutlivesCallsThatGiveUpWhenItAnswers) {
  static_cast<void>(run_shell(
      "for i in $(seq 20); do miko call lab slow :=0.1 --timeout 110ms -o none; done 2>/dev/null"));

  expect_alive();
}

TEST_P(LeavingTest, TheServiceOutlivesABatchThatIsTerminated) {
  Child child(miko_command({"call", "greeting", "hello", "--batch", "--timeout", "20s"},
                           {.environment = {{"AMQP_URI", service().uri}}, .input = Pipe{}}));
  for (int i = 0; i < 1000; ++i) {
    child.write_input("[\"Ann\"]\n");
  }
  child.read_stdout_until("Hello, Ann!");

  child.send_signal(SIGTERM);
  EXPECT_EQ(child.wait().signal, SIGTERM);

  expect_alive();
}

TEST_P(LeavingTest, TheServiceOutlivesABatchWhoseChannelIsClosedForAMessageThatIsTooLarge) {
  std::string input;
  for (int i = 0; i < 60; ++i) {
    input += "[0.02]\n";
  }
  // Over the limit of RabbitMQ 4.
  input += "[\"" + std::string(17'000'000, 'x') + "\"]\n";

  static_cast<void>(miko({"call", "lab", "slow", "--batch", "--timeout", "20s", "-o", "none"},
                         {.input = Text{input}}));

  expect_alive();
}

TEST_P(LeavingTest, NobodyNoticesThatATapGoes) {
  const auto calls = load({"greeting", "hello", "name=Ann"});
  for (int i = 0; i < 5; ++i) {
    const auto tap = start({"tap", "greeting"});
    tap->read_stdout_until("Hello, Ann!");

    tap->send_signal(SIGINT);
    EXPECT_EQ(tap->wait().signal, SIGINT);
  }
  EXPECT_NE(run_shell("miko tap greeting -q | head -1").out.find("Hello, Ann!"), std::string::npos);

  expect_no_failure(*calls);
}

TEST_P(LeavingTest, NobodyNoticesThatAListenerGoes) {
  const auto calls = load({"shop", "dispatch", "event=left", "data=1"});
  for (int i = 0; i < 5; ++i) {
    const auto listener = start({"listen", "shop"});
    listener->read_stdout_until("left");

    listener->send_signal(SIGTERM);
    static_cast<void>(listener->wait());
  }
  EXPECT_NE(run_shell("miko listen shop -q | head -1").out.find("left"), std::string::npos);

  expect_no_failure(*calls);
}

}  // namespace
}  // namespace miko::test
