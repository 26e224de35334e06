// Suites: what is read, and what is wrong with a file.

#include "cli/suite_reader.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "base/json_query.h"
#include "cli/suite_case.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

class SuiteReaderTest : public testing::Test {
 protected:
  Suite read(std::string_view yaml, std::vector<std::string> variables = {}) {
    const auto environment = [](const std::string& name) {
      return name == "CITY" ? std::optional<std::string>("Paris") : std::nullopt;
    };
    const SuiteSources sources = {.variables = std::move(variables),
                                  .environment = environment,
                                  .timeout = std::chrono::seconds(5),
                                  .until = Clock::now() + std::chrono::seconds(20)};
    return read_suite(directory_.write_file("suite.yaml", yaml), sources, input_);
  }

  /// The one case, filled.
  FilledCase filled(std::string_view yaml, std::vector<std::string> variables = {}) {
    const Suite suite = read(yaml, std::move(variables));
    return fill_case(suite.cases.at(0),
                     [&](const Placeholder& place) { return suite.variables.look_up(place); });
  }

  /// What is said about a file, without its name.
  std::string fault(std::string_view yaml) {
    try {
      read(yaml);
      return "none";
    } catch (const Error& error) {
      const std::string message = error.what();
      const std::string hint = error.failure().hint;
      return message.substr(message.find(".yaml:") + 6) + (hint.empty() ? "" : " | " + hint);
    }
  }

  test::TemporaryDirectory directory_;
  Loop loop_;
  FileInput input_{loop_, Clock::now() + std::chrono::seconds(20)};
};

TEST_F(SuiteReaderTest, ReadsCalls) {
  const Suite suite = read(R"(
name: shop
defaults: {service: orders, ctx: {user: Ann}, timeout: 3s, retry: 2}
setup:
  - method: clear
cases:
  - name: all of it
    method: create
    args: [1.10, 10000000000000000000000000000000]
    kwargs: {deep: yes}
    headers: {trace: x}
    expect: ["/id type integer", {/total: 1.10}]
    within: 200ms
    timeout: 1s
    capture: {id: /id}
    retry: {times: 3, every: 1s}
  - method: lab.echo
    service: other
  - {method: clear, skip: later}
teardown:
  - method: clear
)");

  EXPECT_EQ(suite.name, "shop");
  const SuiteCase& one = suite.cases.at(0);
  EXPECT_EQ(one.line, 7U);
  EXPECT_EQ(one.target.service, "orders");
  EXPECT_EQ(one.args, "[1.10, 10000000000000000000000000000000]");
  EXPECT_EQ(one.kwargs, R"({"deep": "yes"})");
  EXPECT_EQ(one.context, R"({"user": "Ann"})");
  EXPECT_EQ(one.headers, R"({"trace": "x"})");
  EXPECT_EQ(one.expect.size(), 2U);
  EXPECT_EQ(one.expect[1].line, 12U);
  EXPECT_EQ(one.within, std::chrono::milliseconds(200));
  EXPECT_EQ(one.timeout, std::chrono::seconds(1));
  EXPECT_EQ(one.retry->times, 3U);
  EXPECT_EQ(one.retry->every, std::chrono::seconds(1));
  EXPECT_EQ(suite.cases.at(1).name, "other.lab.echo");
  EXPECT_EQ(suite.cases.at(1).retry->times, 2U);
  EXPECT_EQ(suite.cases.at(2).skip, "later");
  EXPECT_EQ(suite.setup.at(0).name, "orders.clear");
  EXPECT_EQ(suite.cases.at(2).name, "orders.clear (2)");
}

TEST_F(SuiteReaderTest, FillsVariablesInByPrecedence) {
  const char* yaml = R"(
vars: {who: Ann, n: 7, greeting: "Hello, ${who}", list: [1, 2], city: "${CITY}"}
cases:
  - {service: s, method: "m_${n}", args: ["${greeting}", "${n}", "${list}", "${city}", "${x:4}"],
     expect: "/name == \"${who}\""}
)";

  EXPECT_EQ(filled(yaml).arguments.args, R"(["Hello, Ann", 7, [1, 2], "Paris", 4])");
  EXPECT_EQ(filled(yaml).target.method, "m_7");
  EXPECT_EQ(filled(yaml).expected.values[0].operand, R"("Ann")");
  EXPECT_EQ(filled(yaml, {"who=Bob", "n:=8", "city=Rome", "x=y"}).arguments.args,
            R"(["Hello, Bob", 8, [1, 2], "Rome", "y"])");
}

TEST_F(SuiteReaderTest, FillsExpectationsAsTheirOperatorsNeed) {
  const FilledCase one = filled(R"(
vars: {key: a/b, n: 3, dotted: a.b}
cases:
  - service: s
    method: m
    expect: ["/x/${key} == {\"n\": ${n}}", "/t ~ ^${dotted}$", "/l length ${n}"]
)");

  EXPECT_EQ(one.expected.values[0].pointer, "/x/a~1b");
  EXPECT_EQ(one.expected.values[0].operand, R"({"n": 3})");
  EXPECT_EQ(one.expected.values[1].operand, R"(^a\.b$)");
  EXPECT_EQ(one.expected.values[2].operand, "3");
}

TEST_F(SuiteReaderTest, TakesSecretsByReferenceAndHidesThem) {
  const std::string secret = directory_.write_file("token", "s3cret\n");
  const Suite suite = read("vars: {token: {from: 'file:" + secret +
                           "'}, city: {from: 'env:CITY'}}\nsecrets: [pin]\ncases: [{service: s, "
                           "method: m, args: [\"${token}\"], capture: {pin: /pin}}]\n");

  EXPECT_EQ(suite.variables.look_up({.name = "token"}), R"("s3cret")");
  EXPECT_EQ(suite.variables.masked("s3cret in Paris"), "******** in ********");
}

TEST_F(SuiteReaderTest, ReadsEvents) {
  const Suite suite = read(R"(
defaults: {service: payments}
cases:
  - dispatch: {event: paid, data: {id: 7}}
    event: {service: orders, event: shipped, expect: {/id: 7}, within: 2s, capture: {at: /at}}
  - {method: pay, event: {event: paid}}
)");

  EXPECT_EQ(suite.cases[0].name, "payments.paid dispatched");
  EXPECT_EQ(suite.cases[0].dispatch->data, R"({"id": 7})");
  EXPECT_EQ(suite.cases[0].event->service, "orders");
  EXPECT_EQ(suite.cases[0].event->within, std::chrono::seconds(2));
  EXPECT_EQ(suite.cases[1].event->service, "payments");
}

TEST_F(SuiteReaderTest, SaysWhereAFileIsWrongAndWhatWasMeant) {
  EXPECT_EQ(fault("cases:\n- service: s\n  methd: m\n"),
            "3: unknown key 'methd' | did you mean method?");
  EXPECT_EQ(fault("cases: []\n"), "1: it has no cases | write them as a list below 'cases:'");
  EXPECT_EQ(fault("cases:\n- name: x\n"),
            "2: there is neither 'method' nor 'dispatch' | write "
            "service: orders and method: get");
  EXPECT_EQ(fault("cases:\n- method: get\n"), "2: there is no 'service'");
  EXPECT_EQ(
      fault("cases:\n- {service: s, method: m,\n   args: [\"${custmer}\"]}\nvars: {customer: 1}\n"),
      "2: there is no variable 'custmer' | did you mean customer?");
  EXPECT_EQ(fault("cases:\n- service: s\n  method: m\n  expect:\n  - /id == 1\n  - /name = x\n"),
            "6: '/name = x' is no expectation: unknown operator '=' | did you mean ==?");
  EXPECT_EQ(fault("cases:\n- {service: s, method: m, within: 9s}\n"),
            "2: a reply is waited for only 5 s, so it cannot be later than 9 s | a longer timeout "
            "lets it be");
  EXPECT_EQ(fault("cases:\n- {service: s, method: m}\n- {service: s, method: m, retry: many}\n"),
            "3: retry is not a whole number from 0 to 1000");
  EXPECT_EQ(
      fault("cases:\n- {name: a, service: s, method: m}\n- {name: a, service: s, method: m}\n"),
      "3: there is another case 'a'");
  EXPECT_EQ(
      fault("cases:\n- dispatch: {service: s, event: e}\n  expect: == 1\n"),
      "3: 'expect' is for a call, and this dispatches | what must come of it stands in 'event'");
  EXPECT_EQ(fault("cases:\n- {service: s, method: m, args: 7}\n").substr(0, 44),
            "2: args is neither a JSON array nor an objec");
  EXPECT_EQ(fault("secrets: [tokn]\nvars: {token: x}\ncases: [{service: s, method: m}]\n"),
            "1: the secret 'tokn' is no variable | did you mean token?");
}

TEST_F(SuiteReaderTest, SaysWhatIsWrongWithTheOrderOfCaptures) {
  EXPECT_EQ(fault(R"(cases:
- {name: a, service: s, method: m, args: ["${y}"], capture: {x: /x}}
- {name: b, service: s, method: m, args: ["${x}"], capture: {y: /y}}
)"),
            "2: 'a' waits for what it captures itself, or for cases that wait for it");
  EXPECT_EQ(fault(R"(setup: [{service: s, method: m, args: ["${x}"]}]
cases: [{service: s, method: m, capture: {x: /x}}]
)"),
            "1: 'x' is captured later, in cases");
  EXPECT_EQ(fault(R"(vars: {x: 1}
cases: [{service: s, method: m, capture: {x: /x}}]
)"),
            "2: 'x' is captured, but there is a variable of this name already");
}

TEST_F(SuiteReaderTest, HidesSecretsInWhatIsWrong) {
  EXPECT_EQ(fault("vars: {t: {from: 'env:CITY'}}\ncases: [{service: s, method: m, expect: \"/a == "
                  "x${t}\"}]\n")
                .find("Paris"),
            std::string::npos);
}

TEST_F(SuiteReaderTest, EndsWithHugeAndDeepFiles) {
  EXPECT_NE(fault(std::string(2'000'000, 'x')), "none");
  EXPECT_NE(fault("cases: " + std::string(100'000, '[')), "none");
  EXPECT_NE(fault("cases: &a [*a]\n"), "none");
}

TEST(SuiteSchema, HasTheKeysOfTheReader) {
  const std::string schema = test::read_file(MIKO_SOURCE_DIR "/share/miko/suite.schema.json");
  for (const SuiteKeys& one : suite_keys()) {
    const std::string what(one.what);
    const std::string pointer = what == "suite"   ? "/properties"
                                : what == "retry" ? "/definitions/retry/oneOf/1/properties"
                                                  : "/definitions/" + what + "/properties";
    std::vector<std::string> keys;
    for (const JsonMember& member : json_members(json_at(schema, pointer).value_or("{}"))) {
      keys.push_back(json_decode_string(member.key));
    }

    EXPECT_EQ(keys, one.keys) << what;
  }
}

}  // namespace
}  // namespace miko::cli
