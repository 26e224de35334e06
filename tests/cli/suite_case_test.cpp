// The command that makes the call of a case.

#include "cli/suite_case.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

TEST(RequestCommand, CanBePastedIntoAShell) {
  FilledCase one = {.target = {.service = "orders", .method = "get"}};
  EXPECT_EQ(request_command(one), "miko call orders get");

  one.arguments = {.args = R"(["it's"])",
                   .kwargs = R"({"a": 1})",
                   .context = R"({"user": "Ann"})",
                   .headers = R"({"trace": "x y", "n": 1})"};
  EXPECT_EQ(request_command(one), R"(miko call orders get --args '["it'\''s"]' --kwargs '{"a":1}' )"
                                  R"(--ctx 'user:="Ann"' -H 'trace:x y')");

  one.arguments = {.kwargs = R"({"a": 1})"};
  EXPECT_EQ(request_command(one), R"(miko call orders get --args '{"a":1}')");

  one.dispatch = SuiteDispatch{.service = "shop", .event = "paid", .data = "7"};
  one.arguments = {};
  EXPECT_EQ(request_command(one), "miko dispatch shop paid --data 7");
}

TEST(ShellQuote, LeavesPlainWordsAlone) {
  EXPECT_EQ(shell_quote("a.b-c/1"), "a.b-c/1");
  EXPECT_EQ(shell_quote(""), "''");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("$x"), "'$x'");
  EXPECT_EQ(shell_quote("'"), "''\\'''");
}

}  // namespace
}  // namespace miko::cli
