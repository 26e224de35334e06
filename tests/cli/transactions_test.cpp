#include "cli/transactions.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

Exchange call(std::uint64_t number, std::uint64_t parent = 0) {
  return {.number = number, .parent_number = parent, .args = "[1]"};
}

/// "1(2(3) 4)": numbers, with those of inner calls behind them.
std::string shape(const CallTree& tree) {
  std::string text = std::to_string(tree.exchange.number);
  std::string inner;
  for (const CallTree& one : tree.calls) {
    inner += (inner.empty() ? "" : " ") + shape(one);
  }
  return inner.empty() ? text : text + "(" + inner + ")";
}

TEST(Transactions, ACallWithoutOthersIsOne) {
  Transactions transactions;

  const std::optional<CallTree> one = transactions.add(call(1));

  ASSERT_TRUE(one);
  EXPECT_EQ(shape(*one), "1");
}

TEST(Transactions, HoldInnerCallsUntilTheOuterOneEnds) {
  Transactions transactions;

  EXPECT_FALSE(transactions.add(call(4, 1)));
  EXPECT_FALSE(transactions.add(call(3, 2)));
  EXPECT_FALSE(transactions.add(call(2, 1)));
  const std::optional<CallTree> other = transactions.add(call(5));
  const std::optional<CallTree> one = transactions.add(call(1));

  ASSERT_TRUE(other && one);
  EXPECT_EQ(shape(*other), "5");
  EXPECT_EQ(shape(*one), "1(2(3) 4)");
}

TEST(Transactions, LetACallGoForWhichThereIsNoRoom) {
  Transactions transactions({.held_max = 2});

  EXPECT_FALSE(transactions.add(call(2, 1)));
  EXPECT_FALSE(transactions.add(call(3, 1)));
  const std::optional<CallTree> third = transactions.add(call(4, 1));
  const std::optional<CallTree> one = transactions.add(call(1));
  EXPECT_FALSE(transactions.add(call(6, 5)));

  ASSERT_TRUE(third && one);
  EXPECT_EQ(shape(*third), "4");
  EXPECT_EQ(shape(*one), "1(2 3)");
}

TEST(Transactions, LetACallGoForWhoseBytesThereIsNoRoom) {
  Transactions transactions({.bytes_max = 5});

  EXPECT_FALSE(transactions.add(call(2, 1)));
  EXPECT_TRUE(transactions.add(call(3, 1)));
}

}  // namespace
}  // namespace miko::cli
