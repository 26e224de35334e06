// miko smoke against real Nameko services: captures, retries, secrets, and how a run ends.

#include <csignal>
#include <filesystem>

#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class SmokeTest : public NamekoTest {
 protected:
  /// Runs a suite of this text.
  [[nodiscard]] Outcome smoke(std::string_view yaml, std::vector<std::string> options = {},
                              MikoOptions how = {}) const {
    options.insert(options.begin(), {"smoke", directory_.write_file("suite.yaml", yaml)});
    return miko(options, std::move(how));
  }

  TemporaryDirectory directory_;
};
MIKO_FOR_BOTH_NAMEKOS(SmokeTest);

/// How often `text` occurs.
std::size_t count(std::string_view text, const std::string& in) {
  std::size_t found = 0;
  for (std::size_t at = in.find(text); at != std::string::npos; at = in.find(text, at + 1)) {
    ++found;
  }
  return found;
}

TEST_P(SmokeTest, CarriesNumbersAsTheyAre) {
  const Outcome run = smoke(R"(
cases:
  - service: lab
    method: echo
    args: [10000000000000000000000000000000000000001, 1.10]
    expect:
      - /args/0 == 10000000000000000000000000000000000000001
      - /args/0 > 10000000000000000000000000000000000000000
      - /args/1: 1.1
    capture: {big: /args/0}
  - {name: again, service: lab, method: echo, args: ["${big}"],
     expect: "== 10000000000000000000000000000000000000001"}
)");

  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_EQ(count("\"status\":\"passed\"", run.out), 2U);
}

TEST_P(SmokeTest, WaitsForCapturesWhateverTheOrder) {
  const Outcome run = smoke(R"(
cases:
  - {name: second, service: lab, method: echo, args: ["${x}", 1], expect: /args/0 == "a"}
  - {name: first, service: lab, method: echo, args: [a], capture: {x: ""}}
)",
                            {"-j", "8", "-o", "tap"});

  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  EXPECT_LT(run.out.find("first"), run.out.find("second"));
}

TEST_P(SmokeTest, MakesManyCasesAtATimeOverOneConnection) {
  std::string yaml = "cases:\n";
  for (int i = 0; i < 200; ++i) {
    yaml += "- {name: case " + std::to_string(i) + ", service: lab, method: echo, args: [" +
            std::to_string(i) + "], expect: == " + std::to_string(i) + "}\n";
  }

  const Outcome run = smoke(yaml, {"-j", "50", "-v"});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(count("\"status\":\"passed\"", run.out), 200U);
  EXPECT_EQ(count("  login ", run.err), 1U);
}

TEST_P(SmokeTest, RepeatsWhatIsNotAsExpectedYet) {
  const std::string flag = directory_.path("flag");
  const Outcome run = smoke(R"(
cases:
  - {name: late, service: lab, method: add, args: [40, 1], expect: == 42, retry: {times: 2, every: 1ms}}
)");

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_NE(run.out.find("\"attempts\":3"), std::string::npos);
}

TEST_P(SmokeTest, TellsFailuresFromErrorsAndStopsWhereItIsTold) {
  const char* yaml = R"(
cases:
  - {name: raises, service: lab, method: boom}
  - {name: no such, service: nobody, method: get, expect_error: unknown_service}
  - {name: wrong, service: lab, method: add, args: [1, 1], expect: == 3}
teardown:
  - {name: cleans, service: lab, method: add, args: [1, 1]}
)";

  const Outcome all = smoke(yaml, {"-o", "pretty"});
  EXPECT_EQ(all.exit_code, 3);
  EXPECT_NE(all.out.find("  ERR   raises"), std::string::npos);
  EXPECT_NE(all.out.find("remote_error: lab.boom raised Boom: ('bang', 42)\n"), std::string::npos);
  EXPECT_NE(all.out.find("  pass  no such"), std::string::npos);
  EXPECT_NE(all.out.find("  FAIL  wrong"), std::string::npos);
  EXPECT_NE(all.out.find(": 2 passed, 1 failed, 1 ended with an error\n"), std::string::npos);

  const Outcome fast = smoke(yaml, {"-o", "pretty", "--fail-fast"});
  EXPECT_EQ(fast.exit_code, 3);
  EXPECT_NE(fast.out.find("  skip  wrong    not run: a case before it failed"), std::string::npos);
  EXPECT_NE(fast.out.find("  pass  cleans"), std::string::npos);

  EXPECT_EQ(smoke(yaml, {"--filter", "no *"}).exit_code, 0);
  EXPECT_EQ(smoke(yaml, {"--filter", "rases"}).error("/error/hint"), "did you mean raises?");
}

TEST_P(SmokeTest, ShowsNoSecretAnywhere) {
  const TemporaryDirectory reports;
  const char* yaml = R"(
secrets: [seen, PIN]
vars: {token: {from: "env:SHOP_TOKEN"}}
cases:
  - {name: wrong, service: lab, method: echo, args: ["${token}"], expect: == 1}
  - {name: raises, service: lab, method: "no_${token}", expect: == 1}
  - {name: captures, service: lab, method: echo, args: ["made-${token}"], capture: {seen: ""}}
  - {name: shows, service: lab, method: echo, args: ["${seen}", "${PIN}"], expect: == 1}
)";
  for (const char* format : {"json", "pretty", "tap"}) {
    const Outcome run = smoke(yaml,
                              {"-v", "-o", format, "--report-junit", reports.path("j.xml"),
                               "--report-tap", reports.path("t.tap")},
                              {.environment = {{"SHOP_TOKEN", "s3cr\"et"}, {"PIN", "99887766"}}});
    const std::string all =
        run.out + run.err + read_file(reports.path("j.xml")) + read_file(reports.path("t.tap"));

    EXPECT_EQ(run.exit_code, 3);
    EXPECT_EQ(count("s3cr", all), 0U) << all;
    EXPECT_EQ(count("99887766", all), 0U) << all;
    EXPECT_GT(count("********", all), 6U);
  }
}

TEST_P(SmokeTest, SendsNothingForABrokenFile) {
  const std::string good =
      directory_.write_file("good.yaml", "cases: [{service: lab, method: echo}]");
  const Outcome run =
      smoke("cases:\n- service: lab\n  method: echo\n  expct: == 1\n", {good, "-v"});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_NE(run.error("/error/message").find("suite.yaml:4: unknown key 'expct'"),
            std::string::npos);
  EXPECT_EQ(run.error("/error/hint"), "did you mean expect?");
  EXPECT_EQ(count("publish", run.err) + count("connect", run.err), 0U) << run.err;
}

TEST_P(SmokeTest, RefusesAReportThatCannotBeWrittenAtOnce) {
  const Outcome run = smoke("cases: [{service: lab, method: echo}]",
                            {"-v", "--report-junit", "/nowhere/report.xml"});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(count("connect", run.err), 0U);
}

TEST_P(SmokeTest, ExpectsEventsOfWhatItDispatches) {
  const Outcome run = smoke(R"(
cases:
  - name: comes back
    dispatch: {service: "${SERVICE}", event: smoke_paid, data: {id: 7}}
    event: {service: "${SERVICE}", event: smoke_paid, within: 3s, expect: {/id: 7}, capture: {id: /id}}
  - {name: is kept, service: lab, method: echo, args: ["${id}"], expect: == 7}
  - name: differs
    dispatch: {service: "${SERVICE}", event: smoke_paid, data: {id: 7}}
    event: {service: "${SERVICE}", event: smoke_paid, within: 300ms, expect: /id == 8}
  - name: nowhere
    dispatch: {service: no-such-service, event: smoke_paid}
)",
                            {"-o", "pretty"}, {.environment = {{"SERVICE", "shop"}}});

  EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
  EXPECT_NE(run.out.find("  pass  comes back"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  pass  is kept"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("/id: wanted 8, got 7"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("unknown_service: "), std::string::npos) << run.out;
}

TEST_P(SmokeTest, TearsDownWhenItIsInterrupted) {
  const std::string suite = directory_.write_file("suite.yaml", R"(
cases:
  - {name: slow, service: lab, method: slow, args: [30], timeout: 60s}
  - {name: never, service: lab, method: echo}
teardown:
  - {name: cleans, service: lab, method: add, args: [1, 1]}
)");
  Command command = miko_command(
      {"-v", "smoke", suite, "-o", "pretty", "--report-junit", directory_.path("junit.xml")},
      {.environment = {{"AMQP_URI", service().uri}}});
  Child child(std::move(command));
  child.read_stderr_until("confirm");

  child.send_signal(SIGINT);
  const Outcome run = child.wait();

  EXPECT_EQ(run.exit_code, 130);
  EXPECT_NE(run.out.find("  -     slow    interrupted"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  -     never   interrupted"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  pass  cleans"), std::string::npos) << run.out;
  EXPECT_EQ(run.error("/error/code"), "interrupted");
  EXPECT_NE(read_file(directory_.path("junit.xml")).find("message=\"interrupted\""),
            std::string::npos);
}

TEST_P(SmokeTest, EndsAtItsLimit) {
  const Outcome run = smoke(R"(
cases:
  - {name: slow, service: lab, method: slow, args: [3], timeout: 60s}
  - {name: never, service: lab, method: echo}
)",
                            {"--limit", "400ms", "-o", "pretty"});

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_NE(run.out.find("  ERR   slow"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  -     never  the time of the whole run is over"), std::string::npos)
      << run.out;
}

TEST_P(SmokeTest, RecordsCallsIntoASuiteThatPasses) {
  const std::string calls = directory_.write_file("calls.jsonl", R"(
{"service": "greeting", "method": "hello", "args": ["Ann"], "id": 7}
{"method": "lab.add", "args": {"a": 40, "b": 2}}
{"service": "lab", "method": "boom"}
{"service": "lab", "method": "echo", "args": [1.10, "${HOME} é \u00e9 \u001b", {"a b": [true, null]}]}
{"service": "lab", "method": "add", "args": ["2026-11-28T07:00:00", ""]}
{"service": "nobody", "method": "get"}
)");
  const std::string suite = directory_.path("recorded.yaml");

  const Outcome recorded = miko({"smoke", "--record", suite, calls, "--replay"});
  EXPECT_EQ(recorded.exit_code, 0) << recorded.err;
  EXPECT_NE(recorded.err.find("6 cases in "), std::string::npos) << recorded.err;

  const Outcome run = miko({"smoke", suite, "-o", "pretty"});
  EXPECT_EQ(run.exit_code, 0) << run.out << read_file(suite);
  EXPECT_NE(run.out.find(": 6 passed\n"), std::string::npos) << run.out;
  EXPECT_EQ(miko({"smoke", "--record", suite, calls}).exit_code, 2);
}

TEST_P(SmokeTest, RecordsWhatTapHasSeenWithoutCalling) {
  const std::string record = directory_.path("tap.jsonl");
  Child tap(miko_command({"tap", "greeting", "--record", record, "-n", "1"},
                         {.environment = {{"AMQP_URI", service().uri}}}));
  tap.read_stderr_until("watching");
  EXPECT_EQ(miko({"call", "greeting", "hello", "name=Recorded"}).exit_code, 0);
  EXPECT_EQ(tap.wait().exit_code, 0);
  const std::string suite = directory_.path("recorded.yaml");

  const Outcome recorded = miko({"smoke", "-v", "--record", suite, record});

  EXPECT_EQ(recorded.exit_code, 0) << recorded.err;
  EXPECT_EQ(count("publish", recorded.err), 0U);
  EXPECT_EQ(miko({"smoke", suite}).exit_code, 0);
}

TEST(Smoke, EndsAsOtherCommandsWithoutABroker) {
  const TemporaryDirectory directory;
  const std::string suite =
      directory.write_file("suite.yaml",
                           "cases: [{service: s, method: a}, {service: s, method: b}]\n"
                           "teardown: [{service: s, method: c}]\n");

  const Outcome run = miko({"smoke", suite, "-o", "pretty", "-b", "amqp://127.0.0.1:1/"});

  EXPECT_EQ(run.exit_code, 6);
  EXPECT_NE(run.out.find("  ERR   s.a"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  -     s.b  the broker is gone: "), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  skip  s.c  not run: nothing was done before"), std::string::npos)
      << run.out;
  EXPECT_EQ(run.error("/error/code"), "unreachable");
}

}  // namespace
}  // namespace miko::test
