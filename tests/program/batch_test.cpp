// miko batch and miko call --batch against real Nameko services.

#include <csignal>
#include <regex>

#include "support/answers.h"
#include "support/eventually.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

std::string line(std::string_view service, std::string_view method, std::string_view rest = "") {
  std::string text =
      R"({"service": ")" + std::string(service) + R"(", "method": ")" + std::string(method) + '"';
  return text + (rest.empty() ? "" : ", ") + std::string(rest) + "}\n";
}

std::string hello(std::string_view name) {
  return line("greeting", "hello", R"("args": [")" + std::string(name) + "\"]");
}

class BatchTest : public NamekoTest {
 protected:
  [[nodiscard]] Outcome batch(const std::string& input,
                              std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"batch", "--timeout", "20s"});
    return miko(std::move(options), {.input = Text{input}});
  }

  /// A batch that goes on while the test does.
  [[nodiscard]] Child start(std::vector<std::string> options, MikoOptions how) const {
    options.insert(options.begin(), {"batch", "--timeout", "20s"});
    how.environment.emplace("AMQP_URI", service().uri);
    return Child(miko_command(std::move(options), std::move(how)));
  }

  /// How often the service ran lab.record with this token.
  [[nodiscard]] std::size_t times_executed(const std::string& token) const {
    const std::string lines = "\n" + read_file(service().executed);
    std::size_t count = 0;
    for (std::size_t at = lines.find("\n" + token + "\n"); at != std::string::npos;
         at = lines.find("\n" + token + "\n", at + 1)) {
      ++count;
    }
    return count;
  }
};
MIKO_FOR_BOTH_NAMEKOS(BatchTest);

TEST_P(BatchTest, AnswersAValueWithAnEnvelopeThatHasIndexAndId) {
  const Outcome run = batch(line("greeting", "hello", R"("args": ["Ann"], "id": {"row": 1.10})"));

  EXPECT_EQ(run.out.find(R"({"index":0,"id":{"row":1.10},"ok":true,"service":"greeting",)"
                         R"("method":"hello","result":"Hello, Ann!","error":null,"elapsed_ms":)"),
            0U)
      << run.out;
  EXPECT_NE(run.out.find(R"(,"correlation_id":")"), std::string::npos);
  EXPECT_EQ(run.out.find('\n'), run.out.size() - 1);
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.exit_code, 0);
}

TEST_P(BatchTest, CallsSeveralServicesAndMethodsInOneStream) {
  const Outcome run = batch(
      hello("Ann") + line("lab", "add", R"("args": {"a": 40}, "kwargs": {"b": 2})") +
      R"({"method": "lab.dotted.hello", "kwargs": {"name": "Bob"}} )" + line("lab", "nothing"));

  const std::vector<Answer> answers = sorted_answers_of(run.out);
  ASSERT_EQ(answers.size(), 4U) << run.out;
  EXPECT_EQ(answers[0].result, "\"Hello, Ann!\"");
  EXPECT_EQ(answers[1].result, "42");
  EXPECT_EQ(answers[2].result, "\"Hello from a dotted name, Bob!\"");
  EXPECT_EQ(answers[2].service, "\"lab.dotted\"");
  EXPECT_EQ(answers[3].result, "null");
  EXPECT_EQ(run.exit_code, 0);
}

TEST_P(BatchTest, ReadsAFile) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("calls.jsonl", hello("Ann") + hello("Bob"));

  const Outcome run = miko({"batch", file});

  EXPECT_EQ(sorted_answers_of(run.out).at(1).result, "\"Hello, Bob!\"");
}

TEST_P(BatchTest, ReadsValuesThatAreSpreadOverLines) {
  const std::string pretty =
      "{\n  \"service\": \"lab\",\n  \"method\": \"echo\",\n  \"args\": [\n    {\n      \"a\": "
      "[1.10, 1e400]\n    }\n  ],\n  \"id\": \"x\"\n}\n";

  const std::vector<Answer> answers = sorted_answers_of(batch(pretty + pretty).out);

  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].id, "\"x\"");
  EXPECT_EQ(answers[1].result, answers[0].result);
}

TEST_P(BatchTest, CarriesResultsDigitForDigit) {
  const std::vector<Answer> answers = sorted_answers_of(
      batch(line("lab", "echo", R"("args": [100000000000000000000000000000000000001])") +
            line("lab", "nan") + line("lab", "exact", R"("args": ["high_surrogate"])"))
          .out);

  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].result, "100000000000000000000000000000000000001");
  EXPECT_EQ(answers[1].result, "[NaN,Infinity,-Infinity]");
  EXPECT_EQ(answers[2].result, R"("\ud800")");
}

TEST_P(BatchTest, SendsContextAndHeadersOfEachValue) {
  const std::vector<Answer> answers = sorted_answers_of(
      batch(line("lab", "context", R"("ctx": {"language": "en"}, "headers": {"plain": "text"})") +
            line("lab", "context"))
          .out);

  ASSERT_EQ(answers.size(), 2U);
  EXPECT_NE(answers[0].result.find(R"("language":"en")"), std::string::npos) << answers[0].result;
  EXPECT_NE(answers[0].result.find(R"("plain":"text")"), std::string::npos) << answers[0].result;
  EXPECT_EQ(answers[1].result.find("language"), std::string::npos) << answers[1].result;
}

TEST_P(BatchTest, EachFailureIsInItsOwnAnswer) {
  const Outcome run = batch(line("lab", "boom") + line("nosuch", "hello") + line("lab", "nope") +
                            line("lab", "add") + "[1]\n" + "{]\n" + hello("Ann"));

  const std::vector<Answer> answers = sorted_answers_of(run.out);
  ASSERT_EQ(answers.size(), 7U) << run.out;
  const std::pair<std::string, std::string> expected[] = {{"remote_error", "yes"},
                                                          {"unknown_service", "no"},
                                                          {"unknown_method", "no"},
                                                          {"bad_arguments", "no"},
                                                          {"usage", "no"},
                                                          {"usage", "no"},
                                                          {"", ""}};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].code, expected[i].first) << i;
    EXPECT_EQ(answers[i].executed, expected[i].second) << i;
  }
  EXPECT_EQ(answers[0].message, "lab.boom raised Boom: ('bang', 42)");
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.err,
            "miko: 1 of 7 calls succeeded; failed: usage 2, remote_error 1, unknown_service 1, "
            "unknown_method 1, bad_arguments 1\n");
}

TEST_P(BatchTest, TheExitStatusTellsAllFromSomeFromNone) {
  EXPECT_EQ(batch("").exit_code, 0);
  EXPECT_EQ(batch(hello("Ann") + hello("Bob")).exit_code, 0);
  EXPECT_EQ(batch(hello("Ann") + line("lab", "boom")).exit_code, 3);
  EXPECT_EQ(batch(line("lab", "boom") + line("lab", "boom")).exit_code, 1);
  EXPECT_EQ(batch("garbage\n").exit_code, 1);
}

TEST_P(BatchTest, StaysSilentWhereThatIsWanted) {
  const std::string input = hello("Ann") + line("lab", "boom");

  const Outcome no_output = batch(input, {"-o", "none"});
  const Outcome quiet = batch(input, {"-o", "none", "-q"});

  EXPECT_EQ(no_output.out, "");
  EXPECT_EQ(no_output.err, "miko: 1 of 2 calls succeeded; failed: remote_error 1\n");
  EXPECT_EQ(no_output.exit_code, 3);
  EXPECT_EQ(quiet.out, "");
  EXPECT_EQ(quiet.err, "");
  EXPECT_EQ(quiet.exit_code, 3);
}

TEST_P(BatchTest, FailFastStartsNothingBehindAFailure) {
  const std::string token = "fail-fast-" + std::string(GetParam());

  const Outcome run = batch(
      hello("Ann") + line("lab", "boom") + line("lab", "record", R"("args": [")" + token + "\"]"),
      {"-j", "1", "--fail-fast"});

  EXPECT_EQ(answers_of(run.out).size(), 2U) << run.out;
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(times_executed(token), 0U);
}

TEST_P(BatchTest, KeepsTheOrderOfTheInputWhereThatIsWanted) {
  const Outcome run = batch(line("lab", "slow", R"("args": [0.3])") + hello("Ann") + "garbage\n" +
                                line("lab", "slow", R"("args": [0.1])") + hello("Bob"),
                            {"--ordered"});

  const std::vector<Answer> answers = answers_of(run.out);
  ASSERT_EQ(answers.size(), 5U) << run.out;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(answers[static_cast<std::size_t>(i)].index, i);
  }
}

TEST_P(BatchTest, KeepsAThousandCallsInFlight) {
  std::string input;
  for (int i = 0; i < 1500; ++i) {
    input += line("lab", "echo", R"("args": [)" + std::to_string(i) + "]");
  }

  const Outcome run = batch(input, {"-j", "1000"});

  const std::vector<Answer> answers = sorted_answers_of(run.out);
  ASSERT_TRUE(answers_each_once(answers, 1500)) << run.err;
  for (const Answer& answer : answers) {
    ASSERT_EQ(answer.result, std::to_string(answer.index));
  }
  EXPECT_EQ(run.exit_code, 0);
}

TEST_P(BatchTest, AnswersEachLineBeforeTheNextIsWritten) {
  Child child = start({}, {.input = Pipe{}});

  for (const char* name : {"Ann", "Bob", "Cleo"}) {
    child.write_input(hello(name));
    EXPECT_NE(child.read_stdout_until("Hello, " + std::string(name)), "");
  }
  child.close_input();

  EXPECT_EQ(child.wait().exit_code, 0);
}

TEST_P(BatchTest, AFileHasAnAnswerWhileOthersAreAwaited) {
  const TemporaryDirectory directory;
  const std::string calls =
      directory.write_file("calls.jsonl", hello("Ann") + line("lab", "slow", R"("args": [15])"));
  const std::string answers = directory.path("answers");
  const Child child = start({calls}, {.output = File{answers}});

  EXPECT_TRUE(
      eventually([&] { return read_file(answers).find("Hello, Ann") != std::string::npos; }));
}

TEST_P(BatchTest, RunsEachCallOnce) {
  const std::string token = "batch-once-" + std::string(GetParam()) + "-";
  std::string input;
  for (int i = 0; i < 100; ++i) {
    input += line("lab", "record", R"("args": [")" + token + std::to_string(i) + "\"]");
  }

  EXPECT_EQ(batch(input).exit_code, 0);

  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(times_executed(token + std::to_string(i)), 1U) << i;
  }
}

TEST_P(BatchTest, AnInterruptLetsWhatRunsFinish) {
  const std::string token = "batch-interrupt-" + std::string(GetParam());
  Child child = start({}, {.input = Pipe{}});
  child.write_input(line("lab", "record_slowly", R"("args": [")" + token + "\", 1]"));
  ASSERT_TRUE(eventually([&] { return times_executed(token) == 1; }));

  child.send_signal(SIGINT);
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, SIGINT) << run.err;
  EXPECT_EQ(answers_of(run.out).at(0).result, "\"" + token + "\"");
  EXPECT_EQ(run.error("/error/code"), "interrupted");
  EXPECT_EQ(run.error("/error/message"), "interrupted; 1 of 1 calls succeeded");
}

TEST_P(BatchTest, EndsQuietlyWhenNobodyReadsOn) {
  const Outcome run = run_shell(
      "yes '[\"Ann\"]' | miko call greeting hello --batch --timeout 20s | head -1; "
      "echo \"${PIPESTATUS[1]}\"");

  EXPECT_NE(run.out.find("Hello, Ann!"), std::string::npos) << run.out;
  EXPECT_EQ(run.out.substr(run.out.find('\n') + 1), "141\n") << "128 + SIGPIPE";
  EXPECT_EQ(run.err, "");
}

class CallBatchTest : public BatchTest {};
MIKO_FOR_BOTH_NAMEKOS(CallBatchTest);

TEST_P(CallBatchTest, CallsOnceForEachValue) {
  const Outcome run =
      miko({"call", "lab.echo", "--batch"},
           {.input = Text{"[\"Ann\"]\n{\"service\": \"x\", \"id\": 1}\n[1, 2]{}\n\"Ann\"\n"}});

  const std::vector<Answer> answers = sorted_answers_of(run.out);
  ASSERT_EQ(answers.size(), 5U) << run.out;
  EXPECT_EQ(answers[0].result, "\"Ann\"");
  EXPECT_EQ(answers[0].service, "\"lab\"");
  EXPECT_EQ(answers[0].id, "null");
  EXPECT_EQ(answers[1].result, R"({"args":[],"kwargs":{"service":"x","id":1}})");
  EXPECT_EQ(answers[2].result, R"({"args":[1,2],"kwargs":{}})");
  EXPECT_EQ(answers[3].result, R"({"args":[],"kwargs":{}})");
  EXPECT_EQ(answers[4].code, "usage");
  EXPECT_EQ(answers[4].service, "\"lab\"");
  EXPECT_EQ(run.exit_code, 3);
}

TEST_P(CallBatchTest, SendsTheSameContextAndHeadersWithEach) {
  const Outcome run = miko({"call", "lab", "context", "--batch", "--ctx", "language=en", "-H",
                            "plain: text", "--ordered"},
                           {.input = Text{"[] []"}});

  const std::vector<Answer> answers = answers_of(run.out);
  ASSERT_EQ(answers.size(), 2U) << run.out;
  for (const Answer& answer : answers) {
    EXPECT_NE(answer.result.find(R"("language":"en")"), std::string::npos) << answer.result;
    EXPECT_NE(answer.result.find(R"("plain":"text")"), std::string::npos) << answer.result;
  }
}

class ProgressTest : public BatchTest {
 protected:
  /// Calls that take 1.2 s one after the other.
  static std::string long_input() {
    std::string input;
    for (int i = 0; i < 4; ++i) {
      input += line("lab", "slow", R"("args": [0.3])");
    }
    return input;
  }

  TemporaryDirectory directory_;
};
MIKO_FOR_BOTH_NAMEKOS(ProgressTest);

TEST_P(ProgressTest, IsShownOnTheTerminalAndGoneAtTheEnd) {
  const std::string out = directory_.path("out");
  Child child = start({}, {.input = Pipe{}, .output = File{out}, .errors = Terminal{}});
  child.write_input(hello("Ann"));

  EXPECT_NE(child.read_stderr_until("in flight").find("\r1 done"), std::string::npos);
  child.close_input();
  const Outcome run = child.wait();

  EXPECT_TRUE(run.err.ends_with("\r\x1b[K")) << run.err;
  EXPECT_EQ(answers_of(read_file(out)).size(), 1U);
}

TEST_P(ProgressTest, TellsHowMuchOfAFileIsLeft) {
  const std::string input = directory_.write_file("input", long_input());
  const Outcome run = start({"-j", "1", input}, {.output = File{}, .errors = Terminal{}}).wait();

  const std::regex state("\r([0-9]) done .* ([0-9]+) %");
  auto match = std::sregex_iterator(run.err.begin(), run.err.end(), state);
  ASSERT_NE(match, std::sregex_iterator()) << run.err;
  for (; match != std::sregex_iterator(); ++match) {
    EXPECT_EQ(std::stoi((*match)[2]), 25 * std::stoi((*match)[1])) << match->str();
  }
}

TEST_P(ProgressTest, IsNotShownWhereNobodyWantsIt) {
  const std::string input = directory_.write_file("input", long_input());
  for (const char* option : {"--no-progress", "-q"}) {
    const Outcome run =
        start({"-j", "1", option, input}, {.output = File{}, .errors = Terminal{}}).wait();

    EXPECT_EQ(run.err, "") << option;
  }
  const Outcome among_answers =
      start({"-j", "1", input}, {.output = Terminal{}, .errors = Terminal{}}).wait();
  EXPECT_EQ(among_answers.err, "");
  const Outcome to_a_file = start({"-j", "1", input}, {.output = File{}}).wait();
  EXPECT_EQ(to_a_file.err, "");
}

}  // namespace
}  // namespace miko::test
