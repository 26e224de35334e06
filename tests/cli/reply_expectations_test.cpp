// What a reply must be like: its value, its error, its time.

#include "cli/reply_expectations.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

using std::chrono_literals::operator""ms;

const CallName call = {.service = "orders", .method = "get"};

std::vector<std::string> unmet(const ReplyExpectations& expected, const Reply& reply) {
  std::vector<std::string> texts;
  for (const Unmet& one : find_unmet(expected, reply, call)) {
    texts.push_back(unmet_text(one));
  }
  return texts;
}

Reply not_found() {
  return {.failure = Failure{.kind = ErrorKind::remote_error, .message = "orders.get raised"},
          .remote = RemoteError{.exc_type = "NotFound",
                                .exc_path = "orders.errors.NotFound",
                                .value = "A-1",
                                .json = R"({"exc_type": "NotFound", "value": "A-1"})"},
          .elapsed = 5ms};
}

TEST(ReplyExpectations, LookAtValueAndTime) {
  ReplyExpectations expected = {.within = 10ms};
  expected.values.push_back(parse_expectation("/id == 7"));
  expected.values.push_back(parse_expectation("/name exists"));

  EXPECT_EQ(
      unmet(expected, {.result = R"({"id": 8})", .elapsed = 1500ms}),
      (std::vector<std::string>{"the time: wanted at most 10 ms, got 1.5 s", "/id: wanted 7, got 8",
                                "/name: wanted anything, got nothing: it has id"}));
  EXPECT_EQ(unmet(expected, {.result = R"({"id": 7, "name": 1})", .elapsed = 9ms}).size(), 0U);
}

TEST(ReplyExpectations, TakeAnErrorByTypePathOrCode) {
  for (const char* name : {"NotFound", "orders.errors.NotFound", "remote_error"}) {
    EXPECT_EQ(unmet({.error = name}, not_found()).size(), 0U) << name;
    EXPECT_TRUE(failed_as_expected({.error = name}, not_found())) << name;
  }
  EXPECT_EQ(unmet({.error = "Boom"}, not_found()).at(0),
            "the error: wanted Boom, got NotFound: A-1");
  EXPECT_EQ(unmet({.error = "Boom"}, {.result = "42"}).at(0),
            "the error: wanted Boom, got a result: 42");
  const Reply late = {.failure = Failure{.kind = ErrorKind::timeout, .message = "no reply"}};
  EXPECT_TRUE(failed_as_expected({.error = "timeout"}, late));
  EXPECT_EQ(unmet({.error = "Boom"}, late).at(0), "the error: wanted Boom, got timeout: no reply");
}

TEST(ReplyExpectations, LookAtTheErrorThatWasExpected) {
  ReplyExpectations expected = {.error = "NotFound"};
  expected.values.push_back(parse_expectation("/remote/value ~ ^B"));

  EXPECT_EQ(unmet(expected, not_found()).at(0), "/remote/value: wanted ~ ^B, got \"A-1\"");
}

TEST(ReplyExpectations, LeaveAFailureThatNobodyExpected) {
  ReplyExpectations expected;
  expected.values.push_back(parse_expectation("/id == 7"));
  const Reply lost = {.failure = Failure{.kind = ErrorKind::connection_lost}};

  EXPECT_TRUE(unmet(expected, not_found()).empty());
  EXPECT_TRUE(unmet({.error = "NotFound"}, lost).empty());
  EXPECT_FALSE(failed_as_expected({.error = "NotFound"}, lost));
}

TEST(ReplyExpectations, RefuseErrorsOfTheConnection) {
  EXPECT_NO_THROW(check_expected_error("NotFound"));
  EXPECT_NO_THROW(check_expected_error("timeout"));
  for (const char* name : {"", "unreachable", "connection_lost", "usage", "interrupted"}) {
    EXPECT_THROW(check_expected_error(name), Error) << name;
  }
}

TEST(ReplyExpectations, BecomeOneSentence) {
  const std::vector<Unmet> all(7, {.pointer = "/id", .wanted = "7", .got = "8"});
  const Failure failure = expectation_failure(all, {.result = "8"}, call);

  EXPECT_EQ(failure.kind, ErrorKind::expectation_failed);
  EXPECT_EQ(failure.executed, Executed::yes);
  EXPECT_EQ(failure.message,
            "orders.get is not as expected: /id: wanted 7, got 8; /id: wanted 7, got 8; /id: "
            "wanted 7, got 8; /id: wanted 7, got 8; /id: wanted 7, got 8; and 2 more");
}

}  // namespace
}  // namespace miko::cli
