// What becomes of a case by the reply to its call.

#include "cli/suite_judge.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

CaseResult judged(const SuiteCase& one, const Reply& reply, Variables& variables) {
  const FilledCase filled =
      fill_case(one, [&variables](const Placeholder& place) { return variables.look_up(place); });
  CaseResult result;
  judge_reply(result, one, filled, reply, variables);
  return result;
}

SuiteCase call() {
  return {.target = {.service = "orders", .method = "get"}};
}

TEST(Judge, CapturesWhatPasses) {
  Variables variables;
  SuiteCase one = call();
  one.expect.push_back({.parts = split_expectation("/id exists")});
  one.capture = {{"id", "/id"}};

  EXPECT_EQ(judged(one, {.result = R"({"id": 1.10})"}, variables).verdict, Verdict::passed);
  EXPECT_EQ(variables.look_up({.name = "id"}), "1.10");
}

TEST(Judge, FailsWithoutWhatIsToBeCaptured) {
  Variables variables;
  SuiteCase one = call();
  one.capture = {{"id", "/id"}};

  const CaseResult result = judged(one, {.result = "{}"}, variables);

  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(unmet_text(result.unmet.at(0)),
            "/id: wanted a value to capture as 'id', got nothing: it is empty");
}

TEST(Judge, TellsAnErrorFromAFailure) {
  Variables variables;
  const Reply boom = {
      .failure = Failure{.kind = ErrorKind::remote_error, .message = "orders.get raised Boom: x"},
      .remote = RemoteError{.exc_type = "Boom", .value = "x", .json = "{}"}};

  const CaseResult result = judged(call(), boom, variables);

  EXPECT_EQ(result.verdict, Verdict::error);
  EXPECT_EQ(result.error, "remote_error");
  EXPECT_EQ(result.message, "orders.get raised Boom: x");

  SuiteCase expected = call();
  expected.expect_error = "Boom";
  EXPECT_EQ(judged(expected, boom, variables).verdict, Verdict::passed);
}

TEST(Judge, ShowsNoSecretsNorPartsOfThem) {
  Variables variables;
  const std::string secret(250, 's');
  variables.hide("token");
  variables.set("token", "\"" + secret + "\"");
  SuiteCase one = call();
  one.expect.push_back({.parts = split_expectation("/t == 1")});

  const CaseResult result = judged(one, {.result = R"({"t": "in )" + secret + "\"}"}, variables);

  EXPECT_EQ(unmet_text(result.unmet.at(0)), R"(/t: wanted 1, got "in ********")");
  one.args = R"(["${token}"])";
  EXPECT_EQ(shown_request(
                fill_case(one, [&variables](
                                   const Placeholder& place) { return variables.look_up(place); }),
                variables),
            R"(miko call orders get --args '["********"]')");
}

}  // namespace
}  // namespace miko::cli
