#include "cli/tap_filter.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

using std::chrono::milliseconds;

Exchange answered_in(milliseconds latency) {
  return {.service = "orders",
          .method = "get_one",
          .args = R"(["A-1"])",
          .kwargs = R"({"deep": true})",
          .answered = true,
          .reply = {.result = R"({"name": "J\u00fcrgen"})", .elapsed = latency}};
}

Exchange failed() {
  Exchange exchange = answered_in(milliseconds(1));
  exchange.reply.failure = Failure{.kind = ErrorKind::remote_error};
  exchange.reply.remote = RemoteError{.value = "not found"};
  return exchange;
}

TEST(TapFilter, LetsEverythingPassUnlessTold) {
  EXPECT_TRUE(TapFilter().passes(answered_in(milliseconds(1))));
  EXPECT_TRUE(TapFilter().passes(failed()));
}

TEST(TapFilter, KnowsErrors) {
  const TapFilter filter = {.errors = true};

  EXPECT_TRUE(filter.passes(failed()));
  EXPECT_FALSE(filter.passes(answered_in(milliseconds(1))));
}

TEST(TapFilter, KnowsSlowCalls) {
  const TapFilter filter = {.slow = milliseconds(100)};

  EXPECT_FALSE(filter.passes(answered_in(milliseconds(99))));
  EXPECT_TRUE(filter.passes(answered_in(milliseconds(100))));
}

TEST(TapFilter, KnowsMethodsByPattern) {
  const std::pair<std::string, bool> cases[] = {
      {"get_one", true}, {"get_*", true},          {"get", false},     {"*_all", false},
      {"g?t_*", true},   {"orders.get_one", true}, {"orders.*", true}, {"stock.*", false},
      {"*.get_*", true}, {"[a-g]et_*", true},      {"GET_ONE", false},
  };
  for (const auto& [pattern, passes] : cases) {
    EXPECT_EQ(TapFilter{.method = pattern}.passes(answered_in(milliseconds(1))), passes) << pattern;
  }
}

TEST(TapFilter, KnowsTextsOfArgumentsResultAndException) {
  const std::pair<std::string, bool> cases[] = {
      {"A-1", true}, {"deep=true", true}, {"Jürgen", true}, {"not found", false}, {"orders", false},
  };
  for (const auto& [text, passes] : cases) {
    EXPECT_EQ(TapFilter{.text = text}.passes(answered_in(milliseconds(1))), passes) << text;
  }
  EXPECT_TRUE(TapFilter{.text = "not found"}.passes(failed()));
}

TEST(TapFilter, WantsEverythingThatWasAskedFor) {
  const TapFilter filter = {.errors = true, .slow = milliseconds(100)};

  EXPECT_FALSE(filter.passes(failed()));
}

}  // namespace
}  // namespace miko::cli
