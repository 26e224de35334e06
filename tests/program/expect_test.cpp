// miko call held to what was expected of it.

#include "support/nameko_test.h"

namespace miko::test {
namespace {

class ExpectTest : public NamekoTest {};
MIKO_FOR_BOTH_NAMEKOS(ExpectTest);

TEST_P(ExpectTest, PrintsAResultThatIsAsExpected) {
  const Outcome run =
      miko({"call", "lab", "echo", "id:=7", "tags:=[\"x\"]", "--expect", "/kwargs/id type integer",
            "--expect", "/kwargs/tags contains \"x\"", "--within", "4s"});

  EXPECT_EQ(run.out, "{\"args\":[],\"kwargs\":{\"id\":7,\"tags\":[\"x\"]}}\n");
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.exit_code, 0);
}

TEST_P(ExpectTest, EndsWithThreeAndSaysWhatItGot) {
  const Outcome run = miko({"call", "lab.add", ":=40", ":=1", "--expect", "== 42"});

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.error("/error/code"), "expectation_failed");
  EXPECT_EQ(run.error("/error/message"),
            "lab.add is not as expected: the result: wanted 42, got 41");
  EXPECT_EQ(run.error("/error/executed"), "yes");
}

TEST_P(ExpectTest, KeepsTheResultInTheEnvelope) {
  const Outcome run =
      miko({"-o", "envelope", "call", "lab.add", ":=40", ":=1", "--expect", "== 42"});

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.out.substr(0, run.out.find(",\"error\"")),
            R"({"ok":false,"service":"lab","method":"add","result":41)");
  EXPECT_EQ(run.err, "");
}

TEST_P(ExpectTest, TakesAnErrorThatWasExpectedForAResult) {
  const Outcome run = miko({"call", "lab", "boom", "--expect-error", "Boom", "--expect",
                            "/remote/exc_args/0 == \"bang\""});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out.substr(0, 32), R"({"error":{"code":"remote_error",)");
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(miko({"call", "lab", "boom", "--expect-error", "lab_service.Boom"}).exit_code, 0);
  EXPECT_EQ(miko({"call", "lab", "nope", "--expect-error", "unknown_method"}).exit_code, 0);
  EXPECT_EQ(miko({"call", "nobody", "nope", "--expect-error", "unknown_service"}).exit_code, 0);
}

TEST_P(ExpectTest, EndsWithThreeWithoutTheExpectedError) {
  const Outcome other = miko({"call", "lab", "boom", "--expect-error", "NotFound"});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_EQ(other.error("/error/message"),
            "lab.boom is not as expected: the error: wanted NotFound, got Boom: ('bang', 42)");

  const Outcome none = miko({"call", "lab.add", ":=40", ":=2", "--expect-error", "Boom"});
  EXPECT_EQ(none.exit_code, 3);
  EXPECT_EQ(none.error("/error/message"),
            "lab.add is not as expected: the error: wanted Boom, got a result: 42");
}

TEST_P(ExpectTest, EndsWithThreeWhenTheReplyIsLate) {
  const Outcome run = miko({"call", "lab", "slow", ":=0.3", "--within", "200ms"});

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_NE(run.error("/error/message").find("the time: wanted at most 200 ms, got "),
            std::string::npos);
}

TEST_P(ExpectTest, KeepsTheStatusOfAFailureThatNobodyExpected) {
  EXPECT_EQ(miko({"call", "lab", "boom", "--expect", "/id == 7"}).exit_code, 1);
  EXPECT_EQ(miko({"call", "nobody", "get", "--expect", "/id == 7"}).exit_code, 4);
}

TEST_P(ExpectTest, SendsNothingForAnExpectationThatIsNone) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--expect", "/id = 7"},
                                             {"--expect-error", "unreachable"},
                                             {"--within", "7s"},
                                             {"--expect", "/id == 7", "--batch"}}) {
    std::vector<std::string> all = {"-v", "call", "lab", "echo"};
    all.insert(all.end(), words.begin(), words.end());
    const Outcome run = miko(all);

    EXPECT_EQ(run.exit_code, 2) << words.front();
    EXPECT_EQ(run.err.find("publish"), std::string::npos) << run.err;
  }
}

}  // namespace
}  // namespace miko::test
