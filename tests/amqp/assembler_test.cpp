#include "amqp/assembler.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::amqp {
namespace {

constexpr std::uint64_t limit = 1000;

const method::Deliver deliver = {.exchange = "x", .routing_key = "key", .delivery_tag = 7};
const method::Return back = {
    .reply_code = 312, .reply_text = "NO_ROUTE", .exchange = "x", .routing_key = "s.m"};

ContentHeader header_of(std::uint64_t size) {
  return {.body_size = size, .properties = {.correlation_id = "id"}};
}

TEST(Assembler, JoinsTheFramesOfADelivery) {
  Assembler assembler(limit);

  assembler.begin(deliver);
  EXPECT_EQ(assembler.header(header_of(6)), std::nullopt);
  EXPECT_EQ(assembler.body("abc"), std::nullopt);
  EXPECT_TRUE(assembler.busy());
  const std::optional<Event> arrival = assembler.body("def");

  ASSERT_TRUE(arrival);
  const auto& delivery = std::get<Delivery>(*arrival);
  EXPECT_EQ(delivery.exchange, "x");
  EXPECT_EQ(delivery.routing_key, "key");
  EXPECT_EQ(delivery.properties.correlation_id, "id");
  EXPECT_EQ(delivery.body, "abcdef");
  EXPECT_EQ(delivery.announced_size, 6U);
  EXPECT_FALSE(delivery.too_large);
  EXPECT_FALSE(assembler.busy());
}

TEST(Assembler, FinishesADeliveryWithoutBodyAtItsHeader) {
  Assembler assembler(limit);

  assembler.begin(deliver);
  const std::optional<Event> arrival = assembler.header(header_of(0));

  ASSERT_TRUE(arrival);
  EXPECT_EQ(std::get<Delivery>(*arrival).body, "");
  EXPECT_FALSE(assembler.busy());
}

TEST(Assembler, TakesABodyOfExactlyTheLimit) {
  Assembler assembler(limit);

  assembler.begin(deliver);
  EXPECT_EQ(assembler.header(header_of(limit)), std::nullopt);
  const std::optional<Event> arrival = assembler.body(std::string(limit, 'x'));

  ASSERT_TRUE(arrival);
  EXPECT_EQ(std::get<Delivery>(*arrival).body.size(), limit);
}

TEST(Assembler, AnnouncesABodyOverTheLimitAtOnceAndReadsPastIt) {
  Assembler assembler(limit);

  assembler.begin(deliver);
  const std::optional<Event> arrival = assembler.header(header_of(limit + 1));
  const bool busy = assembler.busy();
  const std::optional<Event> first = assembler.body(std::string(limit, 'x'));
  const std::optional<Event> last = assembler.body("x");

  ASSERT_TRUE(arrival);
  const auto& delivery = std::get<Delivery>(*arrival);
  EXPECT_TRUE(delivery.too_large);
  EXPECT_EQ(delivery.announced_size, limit + 1);
  EXPECT_EQ(delivery.body, "");
  EXPECT_EQ(delivery.properties.correlation_id, "id");
  EXPECT_TRUE(busy);
  EXPECT_EQ(first, std::nullopt);
  EXPECT_EQ(last, std::nullopt);
  EXPECT_FALSE(assembler.busy());
}

TEST(Assembler, GoesOnAfterABodyOverTheLimit) {
  Assembler assembler(limit);
  assembler.begin(deliver);
  static_cast<void>(assembler.header(header_of(limit + 1)));
  static_cast<void>(assembler.body(std::string(limit + 1, 'x')));

  assembler.begin(deliver);
  static_cast<void>(assembler.header(header_of(2)));
  const std::optional<Event> arrival = assembler.body("ok");

  ASSERT_TRUE(arrival);
  EXPECT_EQ(std::get<Delivery>(*arrival).body, "ok");
  EXPECT_FALSE(std::get<Delivery>(*arrival).too_large);
}

TEST(Assembler, BelievesNoSizeThatIsOutOfThisWorld) {
  Assembler assembler(limit);

  assembler.begin(deliver);
  const std::optional<Event> arrival = assembler.header(header_of(~std::uint64_t{0}));

  ASSERT_TRUE(arrival);
  EXPECT_TRUE(std::get<Delivery>(*arrival).too_large);
}

TEST(Assembler, DropsTheBodyOfWhatComesBackWhateverItsSize) {
  Assembler assembler(limit);

  assembler.begin(back);
  EXPECT_EQ(assembler.header(header_of(limit + 1)), std::nullopt);
  EXPECT_EQ(assembler.body(std::string(limit, 'x')), std::nullopt);
  const std::optional<Event> arrival = assembler.body("x");

  ASSERT_TRUE(arrival);
  const auto& returned = std::get<Returned>(*arrival);
  EXPECT_EQ(returned.reply_code, 312);
  EXPECT_EQ(returned.reply_text, "NO_ROUTE");
  EXPECT_EQ(returned.exchange, "x");
  EXPECT_EQ(returned.routing_key, "s.m");
  EXPECT_EQ(returned.properties.correlation_id, "id");
  EXPECT_FALSE(assembler.busy());
}

TEST(Assembler, KeepsTheBodyOfADeliveryBehindAReturn) {
  Assembler assembler(limit);
  assembler.begin(back);
  static_cast<void>(assembler.header(header_of(1)));
  static_cast<void>(assembler.body("x"));

  assembler.begin(deliver);
  static_cast<void>(assembler.header(header_of(2)));
  const std::optional<Event> arrival = assembler.body("ok");

  ASSERT_TRUE(arrival);
  EXPECT_EQ(std::get<Delivery>(*arrival).body, "ok");
}

/// What the assembler says to the last of a sequence of frames.
template <class Frames>
std::string complaint_about(const Frames& frames) {
  Assembler assembler(limit);
  try {
    frames(assembler);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::connection_lost);
    return error.what();
  }
  return "none";
}

TEST(Assembler, RefusesFramesInAnyOtherOrder) {
  EXPECT_EQ(complaint_about([](Assembler& a) { a.header(header_of(1)); }),
            "the broker sent a content header that belongs to no message");
  EXPECT_EQ(complaint_about([](Assembler& a) { a.body("x"); }),
            "the broker sent a body frame that belongs to no message");
  EXPECT_EQ(complaint_about([](Assembler& a) {
              a.begin(deliver);
              a.body("x");
            }),
            "the broker sent a body frame that belongs to no message");
  EXPECT_EQ(complaint_about([](Assembler& a) {
              a.begin(deliver);
              a.header(header_of(1));
              a.header(header_of(1));
            }),
            "the broker sent a content header that belongs to no message");
  EXPECT_EQ(complaint_about([](Assembler& a) {
              a.begin(deliver);
              a.begin(back);
            }),
            "the broker sent a message in the middle of another");
  EXPECT_EQ(complaint_about([](Assembler& a) {
              a.begin(back);
              a.header(header_of(1));
              a.begin(deliver);
            }),
            "the broker sent a message in the middle of another");
}

TEST(Assembler, RefusesBodiesThatAreNotAsLongAsAnnounced) {
  const std::string complaint = "the broker sent a body that is not as long as announced";

  EXPECT_EQ(complaint_about([](Assembler& a) {
              a.begin(deliver);
              a.header(header_of(2));
              a.body("xyz");
            }),
            complaint);
  EXPECT_EQ(complaint_about([](Assembler& a) {
              a.begin(deliver);
              a.header(header_of(2));
              a.body("");
            }),
            complaint);
  EXPECT_EQ(complaint_about([](Assembler& a) {
              a.begin(deliver);
              a.header(header_of(limit + 1));
              a.body(std::string(limit + 2, 'x'));
            }),
            complaint);
}

}  // namespace
}  // namespace miko::amqp
