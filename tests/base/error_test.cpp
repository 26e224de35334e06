#include "base/error.h"

#include <gtest/gtest.h>

#include <set>

namespace miko {
namespace {

constexpr std::pair<ErrorKind, std::string_view> words[] = {
    {ErrorKind::usage, "usage"},
    {ErrorKind::remote_error, "remote_error"},
    {ErrorKind::expectation_failed, "expectation_failed"},
    {ErrorKind::partial, "partial"},
    {ErrorKind::unknown_service, "unknown_service"},
    {ErrorKind::no_instance, "no_instance"},
    {ErrorKind::unknown_method, "unknown_method"},
    {ErrorKind::bad_arguments, "bad_arguments"},
    {ErrorKind::unreachable, "unreachable"},
    {ErrorKind::denied, "denied"},
    {ErrorKind::bad_reply, "bad_reply"},
    {ErrorKind::connection_lost, "connection_lost"},
    {ErrorKind::output_failed, "output_failed"},
    {ErrorKind::internal, "internal"},
    {ErrorKind::timeout, "timeout"},
    {ErrorKind::interrupted, "interrupted"},
};

TEST(ErrorCode, HasTheWordScriptsRelyOn) {
  for (const auto& [kind, word] : words) {
    EXPECT_EQ(error_code(kind), word);
  }
}

TEST(ErrorCode, IsDifferentForEachKind) {
  std::set<std::string_view> codes;

  for (int kind = 0; kind <= static_cast<int>(ErrorKind::interrupted); ++kind) {
    codes.insert(error_code(static_cast<ErrorKind>(kind)));
  }

  EXPECT_EQ(codes.size(), std::size(words));
}

TEST(ExecutedWord, IsNoYesOrMaybe) {
  EXPECT_EQ(executed_word(Executed::no), "no");
  EXPECT_EQ(executed_word(Executed::yes), "yes");
  EXPECT_EQ(executed_word(Executed::maybe), "maybe");
}

TEST(Error, CarriesItsFailure) {
  const Error error({.kind = ErrorKind::denied,
                     .message = "login refused",
                     .executed = Executed::maybe,
                     .hint = "check the password"});

  EXPECT_STREQ(error.what(), "login refused");
  EXPECT_EQ(error.kind(), ErrorKind::denied);
  EXPECT_EQ(error.failure().message, "login refused");
  EXPECT_EQ(error.failure().executed, Executed::maybe);
  EXPECT_EQ(error.failure().hint, "check the password");
}

TEST(UsageError, MeansThatNothingWasSent) {
  const Error error = usage_error("no such option", "try --help");

  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_EQ(error.failure().executed, Executed::no);
  EXPECT_EQ(error.failure().message, "no such option");
  EXPECT_EQ(error.failure().hint, "try --help");
  EXPECT_EQ(error.failure().source.line, 0U);
}

}  // namespace
}  // namespace miko
