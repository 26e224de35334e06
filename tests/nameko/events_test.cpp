#include "nameko/events.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "nameko/headers.h"

namespace miko::nameko {
namespace {

std::string complaint_about(const std::string& service, const std::string& type,
                            const EventData& event = {}) {
  try {
    static_cast<void>(encode_event(service, type, event, 1));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

TEST(EncodeEvent, MakesTheMessageOfNamekosOwnDispatcher) {
  const amqp::Message message = encode_event("orders", "paid", {.data = R"({"id": 7})"}, 1);

  EXPECT_EQ(message.exchange, "orders.events");
  EXPECT_EQ(message.routing_key, "paid");
  EXPECT_EQ(message.body, R"({"id": 7})");
  EXPECT_FALSE(message.mandatory);
  EXPECT_EQ(message.properties.content_type, "application/json");
  EXPECT_EQ(message.properties.content_encoding, "utf-8");
  EXPECT_EQ(message.properties.delivery_mode, 2);
  EXPECT_EQ(message.properties.priority, 0);
  EXPECT_EQ(message.properties.correlation_id, "");
  EXPECT_EQ(message.properties.reply_to, "");
  EXPECT_EQ(message.properties.expiration, "");
  EXPECT_TRUE(message.properties.headers.empty());
}

TEST(EncodeEvent, CarriesContextAndHeaders) {
  const amqp::Message message = encode_event(
      "orders", "paid", {.context = R"({"user_id": 7})", .headers = R"({"x-trace": "abc"})"}, 1);

  EXPECT_EQ(message.body, "null");
  EXPECT_EQ(headers_json(message.properties.headers), R"({"nameko.user_id":7,"x-trace":"abc"})");
}

TEST(EncodeEvent, CanBeToldFromOthersWhenItMayBeReturned) {
  const amqp::Message message = encode_event("orders", "paid", {.require_handler = true}, 12);

  EXPECT_TRUE(message.mandatory);
  EXPECT_EQ(message.properties.correlation_id, "12");
}

TEST(EncodeEvent, TakesDotsInBothNames) {
  const amqp::Message message = encode_event("lab.orders", "paid.late", {}, 1);

  EXPECT_EQ(message.exchange, "lab.orders.events");
  EXPECT_EQ(message.routing_key, "paid.late");
}

TEST(EncodeEvent, RefusesWhatCannotBeSent) {
  EXPECT_EQ(complaint_about("orders", "paid"), "none");
  EXPECT_EQ(complaint_about("", "paid"), "the service name is empty");
  EXPECT_EQ(complaint_about("orders", ""), "the event name is empty");
  EXPECT_EQ(complaint_about(std::string(249, 's'), "paid"),
            "the service name has more than 248 bytes");
  EXPECT_EQ(complaint_about("orders", std::string(256, 'e')),
            "the event name has more than 255 bytes");
  EXPECT_EQ(complaint_about("orders", "paid", {.data = "{"}),
            "the data is not JSON: expected a key or '}'");
  EXPECT_EQ(complaint_about("orders", "paid", {.data = "NaN"}).substr(0, 21),
            "the data is not JSON:");
  EXPECT_EQ(complaint_about("orders", "paid", {.headers = R"({"nameko.call_id_stack": 1})"}),
            "the call id stack cannot be set");
}

TEST(DecodeEvent, ReadsServiceTypeDataAndHeaders) {
  const Event event =
      decode_event({.exchange = "lab.orders.events",
                    .routing_key = "paid.late",
                    .delivery_tag = 7,
                    .redelivered = true,
                    .properties = {.headers = {{"nameko.user_id", {.value = std::int64_t{7}}}}},
                    .body = "[1.10, NaN]"});

  EXPECT_EQ(event.service, "lab.orders");
  EXPECT_EQ(event.type, "paid.late");
  EXPECT_EQ(event.data, "[1.10, NaN]");
  EXPECT_EQ(event.headers, R"({"nameko.user_id":7})");
  EXPECT_TRUE(event.redelivered);
  EXPECT_EQ(event.number, 7U);
  EXPECT_EQ(event.fault, "");
}

TEST(DecodeEvent, SaysWhatItCannotRead) {
  const Event text = decode_event({.exchange = "s.events", .body = "no json"});
  EXPECT_EQ(text.data, "null");
  EXPECT_EQ(text.body, "no json");
  EXPECT_EQ(text.fault.substr(0, 9), "not JSON:");

  const Event empty = decode_event({.exchange = "s.events"});
  EXPECT_NE(empty.fault, "");

  const Event large = decode_event({.too_large = true, .announced_size = 9});
  EXPECT_EQ(large.fault, "9 bytes are over the limit");
  EXPECT_EQ(large.data, "null");
}

TEST(EventsQueueName, BeginsAsAReplyQueue) {
  EXPECT_EQ(events_queue_name("audit.v1_x-y"), "rpc.reply-miko-listen-audit.v1_x-y");
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a/b"),
                                  std::string("\xc3\xa9"), std::string(201, 'x')}) {
    EXPECT_THROW(static_cast<void>(events_queue_name(name)), Error) << name;
  }
}

}  // namespace
}  // namespace miko::nameko
