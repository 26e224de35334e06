#include "nameko/confirms.h"

#include <gtest/gtest.h>

namespace miko::nameko {
namespace {

using std::chrono::seconds;

Clock::time_point at(int second) {
  return Clock::time_point() + seconds(second);
}

/// Messages 1 to `count`; the deadline of each is its number.
Confirms confirms_of(int count) {
  Confirms confirms;
  for (int i = 1; i <= count; ++i) {
    confirms.add({.number = static_cast<std::uint64_t>(i), .deadline = at(i)});
  }
  return confirms;
}

using Numbers = std::vector<std::uint64_t>;

Numbers numbers(const std::vector<Unconfirmed>& messages) {
  Numbers result;
  for (const Unconfirmed& one : messages) {
    result.push_back(one.number);
  }
  return result;
}

TEST(Confirms, TakeOneOrAllUpToIt) {
  Confirms confirms = confirms_of(6);

  EXPECT_EQ(numbers(confirms.take(2, false)), (Numbers{2}));
  EXPECT_EQ(numbers(confirms.take(4, true)), (Numbers{1, 3, 4}));
  EXPECT_EQ(confirms.size(), 2U);
  EXPECT_EQ(numbers(confirms.take(6, true)), (Numbers{5, 6}));
  EXPECT_TRUE(confirms.empty());
}

TEST(Confirms, TakeEachOnceAndNoneThatWasNeverThere) {
  Confirms confirms = confirms_of(2);

  EXPECT_EQ(numbers(confirms.take(1, true)), (Numbers{1}));
  EXPECT_EQ(numbers(confirms.take(1, true)), Numbers());
  EXPECT_EQ(numbers(confirms.take(1, false)), Numbers());
  EXPECT_EQ(numbers(confirms.take(0, false)), Numbers());
  EXPECT_EQ(numbers(confirms.take(9, false)), Numbers());
  EXPECT_EQ(numbers(confirms.take(9, true)), (Numbers{2}));
}

TEST(Confirms, GoOnBehindThoseThatAreGone) {
  Confirms confirms = confirms_of(2);
  static_cast<void>(confirms.take(2, true));

  confirms.add({.number = 3, .deadline = at(3)});

  EXPECT_EQ(confirms.next_deadline(), at(3));
  EXPECT_EQ(numbers(confirms.take(3, false)), (Numbers{3}));
}

TEST(Confirms, NoteWhatWasReturned) {
  Confirms confirms = confirms_of(2);

  confirms.note_returned(2);
  confirms.note_returned(7);
  const std::vector<Unconfirmed> taken = confirms.take(2, true);

  ASSERT_EQ(taken.size(), 2U);
  EXPECT_FALSE(taken[0].returned);
  EXPECT_TRUE(taken[1].returned);
}

TEST(Confirms, KnowTheDeadlineOfTheOldest) {
  Confirms confirms = confirms_of(3);
  static_cast<void>(confirms.take(2, false));

  EXPECT_EQ(confirms.next_deadline(), at(1));
  static_cast<void>(confirms.take(1, false));
  EXPECT_EQ(confirms.next_deadline(), at(3));
  EXPECT_EQ(numbers(confirms.take_all()), (Numbers{3}));
  EXPECT_EQ(confirms.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace miko::nameko
