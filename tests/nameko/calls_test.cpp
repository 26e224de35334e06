#include "nameko/calls.h"

#include <gtest/gtest.h>

namespace miko::nameko {
namespace {

using std::chrono::seconds;

Clock::time_point at(int second) {
  return Clock::time_point() + seconds(second);
}

Call call(const std::string& id, std::uint64_t number, int deadline = 100) {
  return {.correlation_id = id, .publish_number = number, .deadline = at(deadline)};
}

std::vector<std::string> ids(const std::vector<Call>& calls) {
  std::vector<std::string> result;
  for (const Call& one : calls) {
    result.push_back(one.correlation_id);
  }
  return result;
}

using Ids = std::vector<std::string>;

TEST(Calls, GiveEachCallOutOnce) {
  Calls calls;
  calls.add(call("a", 1));

  const std::optional<Call> first = calls.take("a");
  const std::optional<Call> again = calls.take("a");

  ASSERT_TRUE(first);
  EXPECT_EQ(first->correlation_id, "a");
  EXPECT_EQ(first->publish_number, 1U);
  EXPECT_FALSE(again);
  EXPECT_TRUE(calls.empty());
}

TEST(Calls, DoNotKnowForeignIds) {
  Calls calls;
  calls.add(call("a", 1));

  EXPECT_FALSE(calls.take("b"));
  EXPECT_FALSE(calls.take(""));
  EXPECT_EQ(calls.size(), 1U);
}

TEST(Calls, ExpireWhenTheirTimeHasComeTheEarliestFirst) {
  Calls calls;
  calls.add(call("late", 1, 30));
  calls.add(call("first", 2, 10));
  calls.add(call("second", 3, 20));

  EXPECT_EQ(ids(calls.expire(at(9))), Ids());
  EXPECT_EQ(ids(calls.expire(at(20))), (Ids{"first", "second"}));
  EXPECT_EQ(ids(calls.expire(at(20))), Ids());
  EXPECT_EQ(calls.size(), 1U);
  EXPECT_EQ(ids(calls.expire(at(99))), Ids{"late"});
}

TEST(Calls, ExpireTogetherWithTheSameDeadline) {
  Calls calls;
  calls.add(call("a", 1, 10));
  calls.add(call("b", 2, 10));

  EXPECT_EQ(ids(calls.expire(at(10))), (Ids{"a", "b"}));
}

TEST(Calls, KnowTheNextDeadline) {
  Calls calls;
  EXPECT_EQ(calls.next_deadline(), std::nullopt);

  calls.add(call("a", 1, 20));
  calls.add(call("b", 2, 10));
  EXPECT_EQ(calls.next_deadline(), at(10));

  calls.take("b");
  EXPECT_EQ(calls.next_deadline(), at(20));
}

TEST(Calls, DoNotExpireAfterTheirReply) {
  Calls calls;
  calls.add(call("a", 1, 10));
  calls.take("a");

  EXPECT_EQ(ids(calls.expire(at(99))), Ids());
}

TEST(Calls, AreTakenTogetherInOrderOfPublishing) {
  Calls calls;
  calls.add(call("c", 3, 1));
  calls.add(call("a", 1, 3));
  calls.add(call("b", 2, 2));

  EXPECT_EQ(ids(calls.take_all()), (Ids{"a", "b", "c"}));
  EXPECT_TRUE(calls.empty());
  EXPECT_EQ(calls.next_deadline(), std::nullopt);
  EXPECT_EQ(calls.find(1), std::nullopt);
  EXPECT_EQ(ids(calls.expire(at(99))), Ids());
}

TEST(Calls, AreConfirmedOneByOne) {
  Calls calls;
  calls.add(call("a", 1));
  calls.add(call("b", 2));
  calls.add(call("c", 3));

  calls.confirm(2, false);

  EXPECT_FALSE(calls.take("a")->confirmed);
  EXPECT_TRUE(calls.take("b")->confirmed);
  EXPECT_FALSE(calls.take("c")->confirmed);
}

TEST(Calls, AreConfirmedUpToANumber) {
  Calls calls;
  calls.add(call("a", 1));
  calls.add(call("b", 2));
  calls.add(call("c", 3));

  calls.confirm(2, true);

  EXPECT_TRUE(calls.take("a")->confirmed);
  EXPECT_TRUE(calls.take("b")->confirmed);
  EXPECT_FALSE(calls.take("c")->confirmed);
}

TEST(Calls, TakeConfirmationsOfCallsThatAreGone) {
  Calls calls;
  calls.add(call("a", 1));
  calls.add(call("b", 2));
  calls.take("a");

  calls.confirm(1, false);
  calls.confirm(7, false);
  EXPECT_EQ(calls.find(2), "b");

  calls.confirm(2, true);
  calls.confirm(2, true);
  EXPECT_TRUE(calls.take("b")->confirmed);
}

TEST(Calls, AreNotConfirmedByWhatWasConfirmedBeforeThem) {
  Calls calls;
  calls.add(call("a", 1));
  calls.confirm(1, true);
  calls.add(call("b", 2));
  calls.add(call("c", 3));

  calls.confirm(2, true);

  EXPECT_TRUE(calls.take("a")->confirmed);
  EXPECT_TRUE(calls.take("b")->confirmed);
  EXPECT_FALSE(calls.take("c")->confirmed);
}

TEST(Calls, AreFoundByNumberUntilTheyAreConfirmed) {
  Calls calls;
  calls.add(call("a", 1));
  calls.add(call("b", 2));

  EXPECT_EQ(calls.find(1), "a");
  EXPECT_EQ(calls.find(2), "b");
  EXPECT_EQ(calls.find(3), std::nullopt);

  calls.confirm(1, false);
  EXPECT_EQ(calls.find(1), std::nullopt);
}

}  // namespace
}  // namespace miko::nameko
