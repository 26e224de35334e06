#include "nameko/exchange_pairs.h"

#include <gtest/gtest.h>

namespace miko::nameko {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Clock::time_point at(int second) {
  return Clock::time_point() + seconds(second);
}

using Stack = std::vector<std::string>;

amqp::Delivery request(const std::string& key, const std::string& id, const Stack& stack = {},
                       const std::string& body = R"({"args": [1], "kwargs": {"b": 2}})") {
  amqp::Array ids;
  for (const std::string& one : stack) {
    ids.push_back({.value = one});
  }
  return {.routing_key = key,
          .properties = {.content_type = "application/json",
                         .headers = {{"nameko.call_id_stack", {.value = ids}}},
                         .correlation_id = id,
                         .reply_to = "key"},
          .body = body};
}

amqp::Delivery reply(const std::string& id,
                     const std::string& body = R"({"result": 3, "error": null})") {
  return {.routing_key = "key",
          .properties = {.content_type = "application/json", .correlation_id = id},
          .body = body};
}

std::vector<std::string> names(const std::vector<Exchange>& exchanges) {
  std::vector<std::string> result;
  for (const Exchange& one : exchanges) {
    result.push_back(one.service + "." + one.method);
  }
  return result;
}

using Names = std::vector<std::string>;

TEST(ExchangePairs, PutARequestAndItsReplyTogether) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("lab.dotted.add", "id", {"caller.call.1"}), at(1));
  pairs.reply(reply("id"), at(3));

  const std::vector<Exchange> seen = pairs.take();

  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].service, "lab.dotted");
  EXPECT_EQ(seen[0].method, "add");
  EXPECT_EQ(seen[0].args, "[1]");
  EXPECT_EQ(seen[0].kwargs, R"({"b": 2})");
  EXPECT_EQ(seen[0].request_fault, "");
  EXPECT_EQ(seen[0].call_id_stack, Stack{"caller.call.1"});
  EXPECT_EQ(seen[0].requested, at(1));
  EXPECT_TRUE(seen[0].answered);
  EXPECT_EQ(seen[0].reply.result, "3");
  EXPECT_EQ(seen[0].reply.correlation_id, "id");
  EXPECT_EQ(seen[0].reply.elapsed, seconds(2));
  EXPECT_TRUE(pairs.take().empty());
  EXPECT_EQ(pairs.waiting(), 0U);
}

TEST(ExchangePairs, HandThemOutInTheOrderOfTheReplies) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("s.first", "1"), at(1));
  pairs.request(request("s.second", "2"), at(1));
  pairs.reply(reply("2"), at(2));
  pairs.reply(reply("1"), at(3));

  EXPECT_EQ(names(pairs.take()), (Names{"s.second", "s.first"}));
}

TEST(ExchangePairs, ReportARequestWithoutReplyWhenItsTimeIsOver) {
  ExchangePairs pairs(milliseconds(2500));
  pairs.request(request("s.slow", "1"), at(1));
  pairs.request(request("s.slower", "2"), at(2));

  EXPECT_EQ(pairs.next_deadline(), at(1) + milliseconds(2500));
  pairs.expire(at(3));
  EXPECT_TRUE(pairs.take().empty());
  pairs.expire(at(4));
  const std::vector<Exchange> seen = pairs.take();

  ASSERT_EQ(names(seen), Names{"s.slow"});
  EXPECT_FALSE(seen[0].answered);
  EXPECT_FALSE(seen[0].reply.ok());
  EXPECT_EQ(seen[0].reply.failure->kind, ErrorKind::timeout);
  EXPECT_EQ(seen[0].reply.failure->message, "no reply in 2.5 s");
  EXPECT_EQ(seen[0].reply.elapsed, seconds(3));
  EXPECT_EQ(pairs.waiting(), 1U);
}

TEST(ExchangePairs, CountRepliesWithoutRequest) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("s.m", "1"), at(1));
  pairs.reply(reply("1"), at(1));

  pairs.reply(reply("1"), at(2));
  pairs.reply(reply("of a service that is not watched"), at(2));

  EXPECT_EQ(pairs.take().size(), 1U);
  EXPECT_EQ(pairs.unmatched_replies(), 2U);
}

TEST(ExchangePairs, GiveUpTheOldestWhenTooManyWait) {
  ExchangePairs pairs(seconds(5), {.waiting_max = 2});
  pairs.request(request("s.first", "1"), at(1));
  pairs.request(request("s.second", "2"), at(1));
  pairs.request(request("s.third", "3"), at(1));

  const std::vector<Exchange> seen = pairs.take();

  ASSERT_EQ(names(seen), Names{"s.first"});
  EXPECT_EQ(seen[0].reply.failure->message, "too many requests wait for replies");
  EXPECT_EQ(pairs.waiting(), 2U);
}

TEST(ExchangePairs, GiveUpTheOldestWhenTooManyBytesWait) {
  const std::string body = R"({"args": [")" + std::string(600, 'x') + R"("], "kwargs": {}})";
  ExchangePairs pairs(seconds(5), {.bytes_max = 1000});
  pairs.request(request("s.first", "1", {}, body), at(1));
  pairs.request(request("s.second", "2", {}, body), at(1));

  EXPECT_EQ(names(pairs.take()), Names{"s.first"});
  pairs.reply(reply("2"), at(2));
  pairs.request(request("s.third", "3", {}, body), at(2));
  EXPECT_EQ(names(pairs.take()), Names{"s.second"});
}

TEST(ExchangePairs, GiveUpTheEarlierOfTwoRequestsWithOneCorrelationId) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("s.first", "1"), at(1));
  pairs.request(request("s.second", "1"), at(2));
  pairs.reply(reply("1"), at(3));

  const std::vector<Exchange> seen = pairs.take();

  ASSERT_EQ(names(seen), (Names{"s.first", "s.second"}));
  EXPECT_FALSE(seen[0].answered);
  EXPECT_TRUE(seen[1].answered);
}

TEST(ExchangePairs, ReportRequestsWithoutCorrelationIdAsUnanswered) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("s.first", ""), at(1));
  pairs.request(request("s.second", ""), at(1));
  pairs.reply(reply(""), at(2));
  pairs.expire(at(6));

  EXPECT_EQ(names(pairs.take()), (Names{"s.first", "s.second"}));
  EXPECT_EQ(pairs.unmatched_replies(), 1U);
}

TEST(ExchangePairs, SayWhyThereAreNoArguments) {
  struct Case {
    amqp::Delivery delivery;
    std::string fault;
  };
  Case yaml = {request("s.m", "1"),
               "the request is of type 'application/x-yaml', not "
               "application/json"};
  yaml.delivery.properties.content_type = "application/x-yaml";
  Case compressed = {request("s.m", "1"), "the request is compressed"};
  compressed.delivery.properties.headers = {{"compression", {.value = std::string("gzip")}}};
  Case large = {request("s.m", "1"), "the request of 7 bytes is over the limit"};
  large.delivery.too_large = true;
  large.delivery.announced_size = 7;
  const Case broken = {request("s.m", "1", {}, "{"),
                       "the request is not JSON: expected a key or "
                       "'}' at byte 1"};
  const Case array = {request("s.m", "1", {}, "[]"), "the request is not an object"};
  for (const Case& c : {yaml, compressed, large, broken, array}) {
    ExchangePairs pairs(seconds(5));
    pairs.request(c.delivery, at(1));
    pairs.reply(reply("1"), at(2));

    const std::vector<Exchange> seen = pairs.take();

    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].request_fault, c.fault);
    EXPECT_EQ(seen[0].args, "");
    EXPECT_TRUE(seen[0].reply.ok());
  }
}

TEST(ExchangePairs, KeepAnEmptyProbeAndNumbersAsTheyCame) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("s.probed", "1", {}, "{}"), at(1));
  pairs.request(request("s.exact", "2", {}, R"({"args": [1e400, NaN], "kwargs": {}})"), at(1));
  pairs.reply(reply("1"), at(2));
  pairs.reply(reply("2"), at(2));

  const std::vector<Exchange> seen = pairs.take();

  EXPECT_EQ(seen[0].args, "");
  EXPECT_EQ(seen[0].request_fault, "");
  EXPECT_EQ(seen[1].args, "[1e400, NaN]");
}

TEST(ExchangePairs, FindTheRequestDuringWhichAnotherWasMade) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("shop.buy", "1", {"web.call.A"}), at(1));
  pairs.request(request("stock.take", "2", {"web.call.A", "shop.buy.B"}), at(1));
  pairs.request(request("log.add", "3", {"web.call.A", "shop.buy.B", "stock.take.C"}), at(1));
  pairs.request(request("bank.pay", "4", {"web.call.A", "shop.buy.B"}), at(1));
  for (const char* id : {"3", "2", "4", "1"}) {
    pairs.reply(reply(id), at(2));
  }

  const std::vector<Exchange> seen = pairs.take();

  ASSERT_EQ(names(seen), (Names{"log.add", "stock.take", "bank.pay", "shop.buy"}));
  EXPECT_EQ(seen[0].parent_number, 2U);
  EXPECT_EQ(seen[1].parent_number, 1U);
  EXPECT_EQ(seen[2].parent_number, 1U);
  EXPECT_EQ(seen[3].parent_number, 0U);
  EXPECT_EQ(seen[1].call_id, "stock.take.C");
  EXPECT_EQ(seen[2].call_id, "");
  EXPECT_EQ(seen[3].call_id, "shop.buy.B");
}

TEST(ExchangePairs, TellCallsOfOneCallerApartByTheIdTheyRunUnder) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("shop.buy", "1", {"web.call.A"}), at(1));
  pairs.request(request("shop.buy", "2", {"web.call.A"}), at(1));
  pairs.request(request("stock.take", "3", {"web.call.A", "shop.buy.B"}), at(1));
  pairs.request(request("stock.take", "4", {"web.call.A", "shop.buy.C"}), at(1));
  pairs.request(request("bank.pay", "5", {"web.call.A", "shop.buy.B"}), at(1));
  for (const char* id : {"3", "4", "5"}) {
    pairs.reply(reply(id), at(2));
  }

  const std::vector<Exchange> seen = pairs.take();

  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].parent_number, 1U);
  EXPECT_EQ(seen[1].parent_number, 2U);
  EXPECT_EQ(seen[2].parent_number, 1U);
}

TEST(ExchangePairs, AParentThatHasItsReplyIsNoParentAnyMore) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("shop.buy", "1", {"web.call.A"}), at(1));
  pairs.reply(reply("1"), at(1));
  pairs.request(request("stock.take", "2", {"web.call.A", "shop.buy.B"}), at(2));
  pairs.expire(at(9));

  const std::vector<Exchange> seen = pairs.take();

  ASSERT_EQ(names(seen), (Names{"shop.buy", "stock.take"}));
  EXPECT_EQ(seen[1].parent_number, 0U);
}

TEST(ExchangePairs, FindTheParentOfACallFromACallerWithoutStack) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("shop.buy", "1"), at(1));
  pairs.request(request("stock.take", "2", {"shop.buy.B"}), at(1));
  pairs.reply(reply("2"), at(2));

  EXPECT_EQ(pairs.take()[0].parent_number, 1U);
}

TEST(ExchangePairs, ACallThatOutlivesTheOneThatMadeItStandsAlone) {
  ExchangePairs pairs(seconds(5));
  pairs.request(request("shop.buy", "1", {"web.call.A"}), at(1));
  pairs.request(request("stock.take", "2", {"web.call.A", "shop.buy.B"}), at(1));
  pairs.reply(reply("1"), at(2));
  pairs.reply(reply("2"), at(3));

  const std::vector<Exchange> seen = pairs.take();

  ASSERT_EQ(names(seen), (Names{"shop.buy", "stock.take"}));
  EXPECT_EQ(seen[1].parent_number, 0U);
}

}  // namespace
}  // namespace miko::nameko
