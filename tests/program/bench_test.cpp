// miko bench against real Nameko services.

#include <unistd.h>

#include <csignal>
#include <regex>
#include <sstream>

#include "support/answers.h"
#include "support/eventually.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class BenchTest : public NamekoTest {
 protected:
  [[nodiscard]] Outcome bench(std::vector<std::string> words, MikoOptions how = {}) const {
    words.insert(words.begin(), {"bench", "--timeout", "20s"});
    return miko(std::move(words), std::move(how));
  }

  /// The lines that lab.record left and that begin with `token`, in order.
  [[nodiscard]] std::vector<std::string> executed(const std::string& token) const {
    std::istringstream lines(read_file(service().executed));
    std::vector<std::string> found;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(token)) {
        found.push_back(line);
      }
    }
    return found;
  }

  /// A token that no other test uses.
  [[nodiscard]] static std::string token(std::string_view name) {
    return "bench-" + std::string(name) + "-" + std::string(GetParam());
  }

  TemporaryDirectory directory_;
};
MIKO_FOR_BOTH_NAMEKOS(BenchTest);

TEST_P(BenchTest, ReportsAsJson) {
  const Outcome run = bench({"greeting", "hello", "name=Ann", "-n", "50", "-j", "5"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "");
  ASSERT_EQ(run.out.find('\n'), run.out.size() - 1);
  EXPECT_EQ(json_at(run.out, "service"), "\"greeting\"");
  EXPECT_EQ(json_at(run.out, "method"), "\"hello\"");
  EXPECT_EQ(json_at(run.out, "calls"), "50");
  EXPECT_EQ(json_at(run.out, "ok"), "50");
  EXPECT_EQ(json_at(run.out, "failed"), "0");
  EXPECT_EQ(json_at(run.out, "errors"), "{}");
  EXPECT_EQ(json_at(run.out, "in_flight"), "5");
  EXPECT_EQ(json_at(run.out, "target_rate"), "null");
  const std::string latency = json_at(run.out, "latency_ms");
  double before = 0;
  for (const char* key : {"min", "p50", "p90", "p95", "p99", "p99.9", "max"}) {
    const double ms = std::stod(json_at(latency, key));
    EXPECT_GE(ms, before) << key;
    before = ms;
  }
  EXPECT_GT(std::stod(json_at(run.out, "rate")), 0);
}

TEST_P(BenchTest, ReportsAsCsv) {
  const Outcome run = bench({"greeting", "hello", "name=Ann", "-n", "20", "-o", "csv"});

  EXPECT_EQ(run.out.find("service,method,calls,ok,failed,missed,seconds,rate,in_flight,"
                         "target_rate,min_ms,mean_ms,stddev_ms,p50_ms,p90_ms,p95_ms,p99_ms,"
                         "p99.9_ms,max_ms\ngreeting,hello,20,20,0,0,"),
            0U)
      << run.out;
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 2);
}

TEST_P(BenchTest, DrawsOnATerminal) {
  const Outcome run = bench({"greeting", "hello", "name=Ann", "-n", "50"},
                            {.environment = {{"TERM", "xterm"}}, .output = Terminal{}});

  for (const char* part : {"greeting.hello", "calls    50 in ", "latency, ms", "p99.9", "█"}) {
    EXPECT_NE(run.out.find(part), std::string::npos) << part << " in\n" << run.out;
  }
  EXPECT_NE(run.out.find("\x1b["), std::string::npos) << "in colour";
}

TEST_P(BenchTest, PrintsNothingWhereThatIsWanted) {
  const Outcome run = bench({"greeting", "hello", "name=Ann", "-n", "5", "-o", "none"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "");
}

TEST_P(BenchTest, MakesExactlyAsManyCallsAsWanted) {
  const Outcome run = bench({"lab", "record", "token=" + token("count"), "-n", "123"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(json_at(run.out, "calls"), "123");
  EXPECT_EQ(executed(token("count")).size(), 123U);
}

TEST_P(BenchTest, EndsWhenItsTimeIsOver) {
  const Outcome run = bench({"lab", "slow", ":=0.05", "-z", "300ms", "-j", "1"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_GE(std::stoi(json_at(run.out, "calls")), 1);
  EXPECT_LE(std::stoi(json_at(run.out, "calls")), 6) << "each takes 50 ms";
}

TEST_P(BenchTest, MeasuresTheTimeOfTheService) {
  const Outcome run = bench({"lab", "slow", ":=0.1", "-n", "5", "-j", "1"});

  EXPECT_GE(std::stod(json_at(json_at(run.out, "latency_ms"), "min")), 100);
  EXPECT_GE(std::stod(json_at(run.out, "seconds")), 0.5);
  EXPECT_LE(std::stod(json_at(run.out, "rate")), 10);
}

TEST_P(BenchTest, UsesTheArgumentsOfAFileInTurn) {
  const std::string name = token("file");
  const std::string file = directory_.write_file(
      "args", "[\"" + name + "-a\"] {\"token\": \"" + name + "-b\"}\n[\n\"" + name + "-c\"]");

  const Outcome run = bench({"lab", "record", "--args-file", file, "-n", "7", "-j", "1"});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(executed(name),
            (std::vector<std::string>{name + "-a", name + "-b", name + "-c", name + "-a",
                                      name + "-b", name + "-c", name + "-a"}));
}

TEST_P(BenchTest, ReadsArgumentsFromStandardInputToo) {
  const Outcome run = bench({"lab", "record", "--args-file", "-", "-n", "2", "-j", "1"},
                            {.input = Text{"[\"" + token("stdin") + "\"]"}});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(executed(token("stdin")).size(), 2U);
}

TEST_P(BenchTest, DoesNotMeasureTheWarmUp) {
  const Outcome run = bench(
      {"lab", "record", "token=" + token("warmup"), "--warmup", "200ms", "-n", "3", "-j", "1"});

  EXPECT_EQ(json_at(run.out, "calls"), "3");
  EXPECT_GT(executed(token("warmup")).size(), 3U);
}

TEST_P(BenchTest, StartsCallsAtTheRateThatIsWanted) {
  const Outcome run = bench({"greeting", "hello", "name=Ann", "-n", "21", "-r", "100"});

  EXPECT_EQ(json_at(run.out, "calls"), "21");
  EXPECT_EQ(json_at(run.out, "target_rate"), "100.000");
  EXPECT_EQ(json_at(run.out, "missed"), "0");
  EXPECT_GE(std::stod(json_at(run.out, "seconds")), 0.2) << "the last is due after 200 ms";
}

TEST_P(BenchTest, MissesNothingWhileThereIsRoom) {
  const Outcome run = bench({"greeting", "hello", "name=Ann", "-z", "500ms", "-r", "200"});

  EXPECT_EQ(json_at(run.out, "calls"), "100");
  EXPECT_EQ(json_at(run.out, "missed"), "0");
}

TEST_P(BenchTest, DoesNotMissWhatWasDueInTheWarmUp) {
  // 20 are due while the service is busy with one, and 10 more while it is measured.
  const Outcome run =
      bench({"lab", "slow", ":=0.6", "--warmup", "200ms", "-z", "100ms", "-r", "100", "-j", "1"});

  EXPECT_EQ(json_at(run.out, "calls"), "0");
  EXPECT_EQ(json_at(run.out, "missed"), "10");
}

TEST_P(BenchTest, AServiceThatCannotKeepUpShowsInTheLatencies) {
  // One at a time of 100 ms each, while 50 are due in 500 ms.
  const Outcome run = bench({"lab", "slow", ":=0.1", "-r", "100", "-z", "500ms", "-j", "1"});

  const int calls = std::stoi(json_at(run.out, "calls"));
  const int missed = std::stoi(json_at(run.out, "missed"));
  EXPECT_LE(calls, 6);
  EXPECT_EQ(calls + missed, 50);
  EXPECT_GT(std::stod(json_at(json_at(run.out, "latency_ms"), "p90")), 300)
      << "a call that is due counts from then on";
}

TEST_P(BenchTest, DoesNotChargeTheServiceWithItsOwnOversleeping) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root sees how punctually another process is woken";
  }
  Child child(
      miko_command({"bench", "lab", "record", "token=" + token("due"), "-r", "50", "-z", "1h"},
                   {.environment = {{"AMQP_URI", service().uri}}}));
  ASSERT_TRUE(eventually([&] { return !executed(token("due")).empty(); }));

  EXPECT_EQ(read_file("/proc/" + std::to_string(child.pid()) + "/timerslack_ns"), "1\n");

  child.send_signal(SIGINT);
  EXPECT_EQ(child.wait().signal, SIGINT);
}

TEST_P(BenchTest, PassesAThresholdThatIsKept) {
  const Outcome run = bench({"greeting", "hello", "name=Ann", "-n", "20", "--fail-if", "p99>1h",
                             "--fail-if", "errors>0"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_NE(json_at(run.out, "thresholds").find(R"({"fail_if":"errors>0","crossed":false,)"),
            std::string::npos);
}

TEST_P(BenchTest, FailsWithAThresholdThatIsCrossed) {
  const Outcome run = bench({"greeting", "hello", "name=Ann", "-n", "20", "--fail-if", "rate>0/s",
                             "--fail-if", "p50>1h", "--fail-if", "max>0.001ms"});

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.error("/error/code"), "expectation_failed");
  EXPECT_TRUE(std::regex_match(
      run.error("/error/message"),
      std::regex(R"(rate is [0-9.]+/s \(rate>0/s\); max is [0-9.]+ ms \(max>0\.001ms\))")))
      << run.err;
  EXPECT_EQ(json_at(run.out, "calls"), "20") << "the report is there all the same";
}

TEST_P(BenchTest, CountsErrorsByTheirCode) {
  const std::string file =
      directory_.write_file("args", "{\"a\": 1}\n{\"a\": 2, \"b\": 3}\n{}\n{\"a\": \"x\"}");

  const Outcome run = bench({"lab", "add", "--args-file", file, "-n", "8"});

  EXPECT_EQ(json_at(run.out, "ok"), "4");
  EXPECT_EQ(json_at(run.out, "errors"), R"({"remote_error":2,"bad_arguments":2})");
  EXPECT_EQ(run.exit_code, 0) << "no threshold was given";
}

TEST_P(BenchTest, FailsWhenEveryCallFails) {
  const Outcome unknown = bench({"nosuch", "hello", "-n", "5"});
  EXPECT_EQ(unknown.exit_code, 4);
  EXPECT_EQ(unknown.error("/error/code"), "unknown_service");
  EXPECT_EQ(json_at(unknown.out, "errors"), R"({"unknown_service":5})");
  EXPECT_EQ(json_at(json_at(unknown.out, "latency_ms"), "p99"), "null");

  const Outcome raising = bench({"lab", "boom", "-n", "5"});
  EXPECT_EQ(raising.exit_code, 1);
  EXPECT_EQ(raising.error("/error/code"), "remote_error");
}

TEST_P(BenchTest, WritesThePercentileDistribution) {
  const std::string file = directory_.path("out.hgrm");

  const Outcome run = bench({"greeting", "hello", "name=Ann", "-n", "50", "--hgrm", file});

  EXPECT_EQ(run.exit_code, 0);
  const std::string text = read_file(file);
  EXPECT_EQ(text.find("       Value     Percentile TotalCount 1/(1-Percentile)\n\n"), 0U) << text;
  EXPECT_NE(text.find(" 1.000000000000         50\n"), std::string::npos) << text;
  EXPECT_NE(text.find("Total count    =           50]"), std::string::npos) << text;
}

TEST_P(BenchTest, AnInterruptEndsItWithAReport) {
  Child child(miko_command({"bench", "lab", "record", "token=" + token("interrupt"), "-z", "1h"},
                           {.environment = {{"AMQP_URI", service().uri}}}));
  ASSERT_TRUE(eventually([&] { return executed(token("interrupt")).size() > 10; }));

  child.send_signal(SIGINT);
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, SIGINT);
  EXPECT_EQ(run.error("/error/code"), "interrupted");
  EXPECT_EQ(json_at(run.out, "calls"), std::to_string(executed(token("interrupt")).size()));
  EXPECT_EQ(json_at(run.out, "failed"), "0") << "what was in flight is waited for";
}

TEST_P(BenchTest, ShowsItsProgressUntilTheReport) {
  for (const bool one_terminal : {true, false}) {
    Child child(miko_command({"bench", "lab", "slow", ":=0.1", "-z", "1h"},
                             {.environment = {{"AMQP_URI", service().uri}},
                              .output = one_terminal ? Output(Terminal{}) : Output(Pipe{}),
                              .errors = Terminal{}}));
    child.read_stderr_until("10 in flight");

    child.send_signal(SIGINT);
    const Outcome run = child.wait();

    const std::size_t gone = run.err.find("\r\x1b[K");
    ASSERT_NE(gone, std::string::npos) << run.err;
    EXPECT_EQ(run.err.find("in flight", gone), std::string::npos);
    EXPECT_NE(run.out.find("calls"), std::string::npos);
  }
}

TEST_P(BenchTest, ShowsNoProgressWhereNobodyWantsIt) {
  for (const char* option : {"--no-progress", "-q"}) {
    const Outcome run =
        bench({"lab", "slow", ":=0.3", "-n", "4", "-j", "1", option}, {.errors = Terminal{}});

    EXPECT_EQ(run.err, "") << option;
  }
}

TEST(BenchLoss, TheReportSaysWhatWasMeasuredBeforeTheBrokerWasKilled) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)}});
  Child child(miko_command({"bench", "lab", "record", "token=x", "-z", "1h", "--timeout", "20s"},
                           {.environment = {{"AMQP_URI", own.uri()}}}));
  const std::string executed = own.service(nameko_2).executed;
  ASSERT_TRUE(eventually([&] { return read_file(executed).size() > 100; }));

  ASSERT_EQ(::kill(own.broker_pid(), SIGKILL), 0);
  const Outcome run = child.wait();

  EXPECT_EQ(run.exit_code, 9) << run.err;
  EXPECT_EQ(run.error("/error/code"), "connection_lost");
  EXPECT_EQ(run.error("/error/executed"), "maybe");
  EXPECT_GT(std::stoi(json_at(run.out, "ok")), 0);
  EXPECT_TRUE(std::regex_match(json_at(run.out, "errors"),
                               std::regex(R"(\{"connection_lost":([1-9]|10)\})")))
      << run.out;
}

}  // namespace
}  // namespace miko::test
