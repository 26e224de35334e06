// A broker that goes away in the middle of a batch: every value has one answer, its word about the
// execution is true, and nothing runs twice.

#include <csignal>
#include <map>
#include <set>
#include <sstream>

#include "support/answers.h"
#include "support/lab.h"
#include "support/miko_program.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

/// More than the service can do before a broker has stopped.
constexpr int calls = 20'000;

std::string input() {
  std::string text;
  for (int i = 0; i < calls; ++i) {
    text += R"({"service": "lab", "method": "record", "args": [")" + std::to_string(i) + "\"]}\n";
  }
  return text;
}

/// How often the service ran each call.
std::map<int, int> executed(const Service& service) {
  std::istringstream lines(read_file(service.executed));
  std::map<int, int> times;
  for (int token = 0; lines >> token;) {
    ++times[token];
  }
  return times;
}

/// Checks what must hold whatever happened.
void expect_true_answers(const Outcome& run, const Service& service, std::string_view code) {
  const std::vector<Answer> answers = sorted_answers_of(run.out);
  ASSERT_TRUE(answers_each_once(answers, calls)) << run.err;
  std::map<int, int> times = executed(service);
  for (const auto& [token, count] : times) {
    EXPECT_EQ(count, 1) << token << " ran more than once";
  }
  std::map<std::string, int> words;
  for (const Answer& answer : answers) {
    SCOPED_TRACE(answer.index);
    ++words[answer.ok == "true" ? "ok" : answer.executed];
    if (answer.ok == "true") {
      EXPECT_EQ(times[answer.index], 1);
      continue;
    }
    EXPECT_EQ(answer.code, code);
    EXPECT_TRUE(answer.executed == "maybe" || (answer.executed == "no" && times[answer.index] == 0))
        << answer.executed << ", and it ran " << times[answer.index] << " times";
  }
  EXPECT_GT(words["ok"], 0);
  EXPECT_GT(words["no"], 0) << "most of the input comes after the loss";
  EXPECT_LE(words["maybe"], 64) << "no more than were in flight";
  EXPECT_EQ(run.exit_code, 3) << run.err;
}

class BatchLoss : public testing::Test {
 protected:
  void SetUp() override { MIKO_NEEDS_NAMEKO(nameko_2); }

  /// Runs a batch, and `then` when it has got going.
  template <class Then>
  static void run_batch(const Then& then) {
    const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)}});
    Child child(miko_command({"batch", "--timeout", "20s"},
                             {.environment = {{"AMQP_URI", own.uri()}}, .input = Text{input()}}));
    child.read_stdout_until(R"("result":"100")");
    then(own);
    expect_true_answers(child.wait(), own.service(nameko_2), "connection_lost");
  }
};

TEST_F(BatchLoss, TheBrokerIsKilled) {
  run_batch([](const Lab& own) { EXPECT_EQ(::kill(own.broker_pid(), SIGKILL), 0); });
}

TEST_F(BatchLoss, TheBrokerIsStoppedPolitely) {
  run_batch([](const Lab& own) { EXPECT_EQ(own.rabbitmqctl({"stop_app"}).exit_code, 0); });
}

}  // namespace
}  // namespace miko::test
