// Recordings made into cases.

#include "cli/suite_record.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

std::string recorded(const std::vector<std::string>& lines) {
  Recorded calls;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    calls.add(lines[i], i + 1);
  }
  std::string text;
  for (const RecordedCall& call : calls.calls()) {
    text += case_yaml(call);
  }
  return text;
}

TEST(Recorded, HoldsAnAnswerToItsValue) {
  EXPECT_EQ(
      recorded(
          {R"({"service":"s","method":"m","args":["$${x} ${y}"],"kwargs":{},"ok":true,"result":{"a":1.10,"b":"\u00e9"}})"}),
      R"(  - service: "s"
    method: "m"
    args: ["$$${x} $${y}"]
    expect:
      - "": {"a": 1.10, "b": "é"}
)");
}

TEST(Recorded, HoldsWhatDiffersToItsForm) {
  EXPECT_EQ(
      recorded({R"({"method":"s.m","args":[1],"ok":true,"result":{"id":1,"n":"x","l":[1]}})",
                R"({"method":"s.m","args":[1.0],"ok":true,"result":{"id":2,"n":"x","l":[]}})"}),
      R"(  - service: "s"
    method: "m"
    args: [1]
    expect:
      - "/id type number"
      - "/n": "x"
      - "/l type array"
)");
}

TEST(Recorded, HoldsIdsAndTimesToTheirForm) {
  EXPECT_EQ(
      recorded(
          {R"({"method":"s.m","args":[],"ok":true,"result":[{"at":"2026-11-28T07:00:00","a b":"0d4f7a1e-6a53-4c3a-9d7e-0a6f1b2c3d4e"}]})"}),
      R"(  - service: "s"
    method: "m"
    expect:
      - "length 1"
      - "/0/at ~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}"
      - "\"/0/a b\" ~ ^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$"
)");
}

TEST(Recorded, ExpectsErrors) {
  EXPECT_EQ(
      recorded(
          {R"({"method":"s.m","args":[],"ok":false,"error":{"code":"remote_error","remote":{"exc_type":"Boom"}}})"}),
      R"(  - service: "s"
    method: "m"
    expect_error: "Boom"
)");
}

TEST(Recorded, PassesOverWhatHadNoReply) {
  Recorded calls;
  calls.add(R"({"method":"s.m","args":[],"ok":false,"error":{"code":"timeout","remote":null}})", 1);
  calls.add(
      R"({"method":"s.m","args":null,"kwargs":null,"ok":true,"result":1,"omitted":{"args":5000}})",
      2);

  EXPECT_EQ(calls.calls().size(), 0U);
  EXPECT_EQ(calls.passed_over(), 2U);
}

TEST(Recorded, LeavesACallWithoutAnswerToBeMade) {
  Recorded calls;
  calls.add(R"({"service":"s","method":"m","kwargs":{"a":1},"id":7})", 1);

  ASSERT_EQ(calls.calls().size(), 1U);
  EXPECT_FALSE(calls.calls()[0].answered());
}

TEST(Recorded, RefusesWhatIsNoCall) {
  Recorded calls;
  for (const char* line : {"[]", "{", R"({"method":"m"})", R"({"service":"s"})",
                           R"({"service":"s","method":"m","ok":true,"result":1})",
                           R"({"service":"s","method":"m","args":7})"}) {
    EXPECT_THROW(calls.add(line, 3), Error) << line;
  }
}

}  // namespace
}  // namespace miko::cli
