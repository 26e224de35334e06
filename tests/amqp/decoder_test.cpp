// The reading half of amqp/codec.h.

#include <gtest/gtest.h>

#include "amqp/codec.h"
#include "base/error.h"
#include "support/amqp_bytes.h"

namespace miko::amqp {
namespace {

using namespace std::string_view_literals;
using test::Bytes;

constexpr std::size_t frame_max = 4096;

std::string payload(std::uint16_t class_id, std::uint16_t method_id,
                    const Bytes& fields = Bytes()) {
  return Bytes().u16(class_id).u16(method_id).raw(fields.str()).str();
}

template <class Kind>
Kind decode(const std::string& bytes) {
  return std::get<Kind>(Decoder().method(bytes));
}

std::string complaint_about_method(std::string_view bytes) {
  try {
    static_cast<void>(Decoder().method(bytes));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::connection_lost);
    return error.what();
  }
  return "none";
}

std::string complaint_about_header(std::string_view bytes) {
  try {
    static_cast<void>(Decoder().content_header(bytes));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::connection_lost);
    return error.what();
  }
  return "none";
}

std::string complaint_about_frame(std::string_view bytes) {
  try {
    take_frame(bytes, frame_max);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::connection_lost);
    EXPECT_EQ(error.failure().executed, Executed::maybe);
    return error.what();
  }
  return "none";
}

Bytes nested_tables(int depth) {
  Bytes fields;
  fields.field_true("k");
  for (int level = 1; level < depth; ++level) {
    Bytes outer;
    outer.field_table("k", fields);
    fields = outer;
  }
  return fields;
}

std::string start_payload(const Bytes& properties) {
  return payload(
      10, 10,
      Bytes().u8(0).u8(9).table(properties).long_string("PLAIN AMQPLAIN").long_string("en"));
}

std::string header_payload(std::uint64_t body_size, const test::Properties& properties) {
  return Bytes().u16(60).u16(0).u64(body_size).raw(test::encode(properties)).str();
}

TEST(TakeFrame, CutsFramesOffTheFrontInOrder) {
  const std::string bytes = test::frame(test::FrameType::method, 0, "first") +
                            test::frame(test::FrameType::header, 1, "") +
                            test::frame(test::FrameType::body, 0x1234, "\xce\0\xce"sv) +
                            test::frame(test::FrameType::heartbeat, 0, "");
  std::string_view rest = bytes;

  const std::optional<Frame> first = take_frame(rest, frame_max);
  const std::optional<Frame> second = take_frame(rest, frame_max);
  const std::optional<Frame> third = take_frame(rest, frame_max);
  const std::optional<Frame> fourth = take_frame(rest, frame_max);

  ASSERT_TRUE(first && second && third && fourth);
  EXPECT_EQ(first->type, FrameType::method);
  EXPECT_EQ(first->channel, 0);
  EXPECT_EQ(first->payload, "first");
  EXPECT_EQ(second->type, FrameType::header);
  EXPECT_EQ(second->channel, 1);
  EXPECT_EQ(second->payload, "");
  EXPECT_EQ(third->type, FrameType::body);
  EXPECT_EQ(third->channel, 0x1234);
  EXPECT_EQ(third->payload, "\xce\0\xce"sv);
  EXPECT_EQ(fourth->type, FrameType::heartbeat);
  EXPECT_EQ(rest, "");
}

TEST(TakeFrame, WaitsForTheRestWhereverTheBytesEnd) {
  const std::string whole = test::frame(test::FrameType::method, 1, "payload");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    const std::string part = whole.substr(0, size);
    std::string_view rest = part;

    EXPECT_FALSE(take_frame(rest, frame_max));
    EXPECT_EQ(rest, part);
  }
}

TEST(TakeFrame, TakesAFrameOfExactlyTheAgreedSize) {
  const std::string bytes =
      test::frame(test::FrameType::body, 1, std::string(frame_max - frame_overhead, 'x'));
  std::string_view rest = bytes;

  EXPECT_EQ(bytes.size(), frame_max);
  EXPECT_TRUE(take_frame(rest, frame_max));
}

TEST(TakeFrame, RefusesWhatIsNoFrame) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"\x01\0\x01\0\0\x0f\xf9"sv, "the broker sent a frame of 4089 bytes, over the agreed 4096"},
      {"\x03\0\x01\xff\xff\xff\xff"sv,
       "the broker sent a frame of 4294967295 bytes, over the agreed 4096"},
      {"\0\0\0\0\0\0\0"sv, "the broker sent a frame of unknown type 0"},
      {"\x04\0\0\0\0\0\0"sv, "the broker sent a frame of unknown type 4"},
      {"HTTP/1.1 400 Bad Request"sv, "the broker sent a frame of unknown type 72"},
      {"\x08\0\0\0\0\0\0\xcf"sv, "the broker sent a frame without its end mark"},
      {"\x01\0\0\0\0\0\x01\xce\0"sv, "the broker sent a frame without its end mark"},
  };
  for (const auto& [bytes, complaint] : cases) {
    EXPECT_EQ(complaint_about_frame(bytes), complaint);
  }
}

TEST(DecoderMethod, ReadsTheGreeting) {
  const auto start = decode<method::Start>(start_payload(Bytes()
                                                             .field_text("product", "RabbitMQ")
                                                             .field_true("other")
                                                             .field_text("version", "3.10.8")));

  EXPECT_EQ(start.version_major, 0);
  EXPECT_EQ(start.version_minor, 9);
  EXPECT_EQ(start.mechanisms, "PLAIN AMQPLAIN");
  EXPECT_EQ(start.product, "RabbitMQ");
  EXPECT_EQ(start.version, "3.10.8");
}

TEST(DecoderMethod, ReadsAGreetingThatSaysNothingOfItself) {
  const auto start = decode<method::Start>(start_payload(Bytes().field_true("product")));

  EXPECT_EQ(start.product, "");
  EXPECT_EQ(start.version, "");
}

TEST(DecoderMethod, ReadsTheMethodsOfAConnection) {
  const auto tune = decode<method::Tune>(payload(10, 30, Bytes().u16(2047).u32(131072).u16(60)));
  const auto blocked =
      decode<method::ConnectionBlocked>(payload(10, 60, Bytes().short_string("low on memory")));
  const auto close = decode<method::Close>(
      payload(10, 50, Bytes().u16(320).short_string("CONNECTION_FORCED").u16(60).u16(40)));

  EXPECT_EQ(tune.channel_max, 2047);
  EXPECT_EQ(tune.frame_max, 131072U);
  EXPECT_EQ(tune.heartbeat, 60);
  EXPECT_EQ(blocked.reason, "low on memory");
  EXPECT_TRUE(close.whole_connection);
  EXPECT_EQ(close.reply_code, 320);
  EXPECT_EQ(close.reply_text, "CONNECTION_FORCED");
  EXPECT_EQ(close.class_id, 60);
  EXPECT_EQ(close.method_id, 40);
}

TEST(DecoderMethod, ReadsTheMethodsOfAChannel) {
  const auto close = decode<method::Close>(
      payload(20, 40, Bytes().u16(404).short_string("NOT_FOUND").u16(50).u16(20)));
  const auto declared =
      decode<method::QueueDeclareOk>(payload(50, 11, Bytes().short_string("q").u32(7).u32(65536)));
  const auto cancel = decode<method::Cancel>(payload(60, 30, Bytes().short_string("tag").u8(1)));
  const auto deliver = decode<method::Deliver>(payload(60, 60,
                                                       Bytes()
                                                           .short_string("tag")
                                                           .u64(0x0102030405060708)
                                                           .u8(0)
                                                           .short_string("x")
                                                           .short_string("key")));
  const auto back = decode<method::Return>(payload(
      60, 50, Bytes().u16(312).short_string("NO_ROUTE").short_string("x").short_string("s.m")));

  EXPECT_FALSE(close.whole_connection);
  EXPECT_EQ(close.reply_code, 404);
  EXPECT_EQ(close.class_id, 50);
  EXPECT_EQ(close.method_id, 20);
  EXPECT_EQ(declared.queue, "q");
  EXPECT_EQ(declared.message_count, 7U);
  EXPECT_EQ(declared.consumer_count, 65536U);
  EXPECT_EQ(cancel.consumer_tag, "tag");
  EXPECT_EQ(deliver.exchange, "x");
  EXPECT_EQ(deliver.routing_key, "key");
  EXPECT_EQ(deliver.delivery_tag, 0x0102030405060708U);
  EXPECT_EQ(back.reply_code, 312);
  EXPECT_EQ(back.reply_text, "NO_ROUTE");
  EXPECT_EQ(back.exchange, "x");
  EXPECT_EQ(back.routing_key, "s.m");
}

TEST(DecoderMethod, ReadsConfirmations) {
  const auto one = decode<Confirmed>(payload(60, 80, Bytes().u64(5).u8(0)));
  const auto several = decode<Confirmed>(payload(60, 80, Bytes().u64(6).u8(1)));
  const auto refused = decode<Confirmed>(payload(60, 120, Bytes().u64(7).u8(1)));

  EXPECT_EQ(one.delivery_tag, 5U);
  EXPECT_FALSE(one.multiple);
  EXPECT_TRUE(one.accepted);
  EXPECT_EQ(several.delivery_tag, 6U);
  EXPECT_TRUE(several.multiple);
  EXPECT_TRUE(several.accepted);
  EXPECT_EQ(refused.delivery_tag, 7U);
  EXPECT_TRUE(refused.multiple);
  EXPECT_FALSE(refused.accepted);
}

TEST(DecoderMethod, ReadsAnswersWithoutContent) {
  const auto type_of = [](const std::string& bytes) { return Decoder().method(bytes).index(); };

  EXPECT_EQ(type_of(payload(10, 41, Bytes().short_string(""))), Method(method::OpenOk{}).index());
  EXPECT_EQ(type_of(payload(10, 51)), Method(method::ConnectionCloseOk{}).index());
  EXPECT_EQ(type_of(payload(10, 61)), Method(method::ConnectionUnblocked{}).index());
  EXPECT_EQ(type_of(payload(20, 11, Bytes().u32(0))), Method(method::Granted{}).index());
  EXPECT_EQ(type_of(payload(20, 41)), Method(method::ChannelCloseOk{}).index());
  EXPECT_EQ(type_of(payload(50, 21)), Method(method::Granted{}).index());
  EXPECT_EQ(type_of(payload(50, 51)), Method(method::Granted{}).index());
  EXPECT_EQ(type_of(payload(40, 11)), Method(method::Granted{}).index());
  EXPECT_EQ(type_of(payload(50, 41, Bytes().u32(0))), Method(method::Granted{}).index());
  EXPECT_EQ(type_of(payload(60, 31, Bytes().short_string("t"))), Method(method::Granted{}).index());
  EXPECT_EQ(type_of(payload(60, 11)), Method(method::Granted{}).index());
  EXPECT_EQ(type_of(payload(60, 21, Bytes().short_string("t"))), Method(method::Granted{}).index());
  EXPECT_EQ(type_of(payload(85, 11)), Method(method::Granted{}).index());
}

TEST(DecoderMethod, RefusesWhatABrokerDoesNotSend) {
  EXPECT_EQ(complaint_about_method(payload(50, 31, Bytes().u32(0))),
            "the broker sent method 50.31, which is not for a client");
  EXPECT_EQ(complaint_about_method(payload(99, 1)),
            "the broker sent method 99.1, which is malformed or unknown");
  EXPECT_EQ(complaint_about_method(""), "the broker sent a method frame that is too short");
  EXPECT_EQ(complaint_about_method("abc"), "the broker sent a method frame that is too short");
}

TEST(DecoderMethod, RefusesPayloadsCutOffAnywhere) {
  const std::string payloads[] = {
      start_payload(Bytes().field_text("product", "x").field_table("t", Bytes().field_true("b"))),
      payload(10, 30, Bytes().u16(1).u32(2).u16(3)),
      payload(10, 50, Bytes().u16(320).short_string("text").u16(60).u16(40)),
      payload(10, 60, Bytes().short_string("reason")),
      payload(20, 40, Bytes().u16(404).short_string("text").u16(50).u16(20)),
      payload(50, 11, Bytes().short_string("q").u32(7).u32(8)),
      payload(60, 21, Bytes().short_string("tag")),
      payload(60, 30, Bytes().short_string("tag").u8(1)),
      payload(60, 50, Bytes().u16(312).short_string("a").short_string("b").short_string("c")),
      payload(60, 60, Bytes().short_string("t").u64(1).u8(0).short_string("x").short_string("k")),
      payload(60, 80, Bytes().u64(5).u8(0)),
      payload(60, 120, Bytes().u64(5).u8(0)),
  };
  for (const std::string& whole : payloads) {
    EXPECT_EQ(complaint_about_method(whole), "none");
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_NE(complaint_about_method(whole.substr(0, size)), "none") << size;
    }
  }
}

TEST(DecoderMethod, RefusesAGreetingNestedTooDeep) {
  EXPECT_EQ(complaint_about_method(start_payload(nested_tables(32))), "none");
  EXPECT_EQ(complaint_about_method(start_payload(nested_tables(33))),
            "the broker's greeting is nested too deep or malformed");
  EXPECT_EQ(complaint_about_method(start_payload(nested_tables(3000))),
            "the broker's greeting is nested too deep or malformed");
}

TEST(DecoderContentHeader, ReadsWhatRepliesCarry) {
  const ContentHeader header =
      Decoder().content_header(header_payload(0x123456789a, {.content_type = "application/json",
                                                             .content_encoding = "utf-8",
                                                             .raw_headers = nested_tables(2),
                                                             .delivery_mode = 2,
                                                             .priority = 0,
                                                             .correlation_id = "id",
                                                             .reply_to = "r",
                                                             .expiration = "1",
                                                             .message_id = "m",
                                                             .timestamp = 1,
                                                             .type = "t",
                                                             .user_id = "u",
                                                             .app_id = "a"}));

  EXPECT_EQ(header.body_size, 0x123456789aU);
  EXPECT_EQ(header.properties.content_type, "application/json");
  EXPECT_EQ(header.properties.content_encoding, "utf-8");
  EXPECT_EQ(header.properties.correlation_id, "id");
  EXPECT_EQ(header.properties.reply_to, "r");
  EXPECT_TRUE(header.properties.headers.empty());
}

TEST(DecoderContentHeader, KeepsHeadersOfAllTypesIfTheyAreWanted) {
  const auto field = [](std::string_view name, char kind) {
    return Bytes().short_string(name).u8(static_cast<std::uint8_t>(kind));
  };
  const std::string fields =
      field("b", 'b').u8(0xff).str() + field("B", 'B').u8(0xff).str() +
      field("s", 's').u16(0xffff).str() + field("u", 'u').u16(0xffff).str() +
      field("i", 'i').u32(0xffffffff).str() + field("L", 'L').u64(UINT64_MAX).str() +
      field("T", 'T').u64(1).str() + field("f", 'f').u32(0x3fc00000).str() +
      field("D", 'D').u8(2).u32(0xffffff97).str() + field("x", 'x').long_string("ÿ").str();
  const std::string payload = header_payload(0, {.raw_headers = Bytes().raw(fields)});

  const Table headers = Decoder(Headers::keep).content_header(payload).properties.headers;

  ASSERT_EQ(headers.size(), 10U);
  const auto integer = [&headers](std::size_t i) {
    return std::get<std::int64_t>(headers[i].second.value);
  };
  EXPECT_EQ(integer(0), -1);
  EXPECT_EQ(integer(1), 255);
  EXPECT_EQ(integer(2), -1);
  EXPECT_EQ(integer(3), 65535);
  EXPECT_EQ(integer(4), 4294967295);
  EXPECT_EQ(std::get<std::string>(headers[5].second.value), "18446744073709551615");
  EXPECT_EQ(integer(6), 1);
  EXPECT_EQ(std::get<double>(headers[7].second.value), 1.5);
  EXPECT_EQ(std::get<std::string>(headers[8].second.value), "-1.05");
  EXPECT_EQ(std::get<std::string>(headers[9].second.value), "ÿ");
}

TEST(DecoderContentHeader, LeavesEmptyWhatWasNotSent) {
  const ContentHeader header = Decoder().content_header(header_payload(0, {}));

  EXPECT_EQ(header.body_size, 0U);
  EXPECT_EQ(header.properties.content_type, "");
  EXPECT_EQ(header.properties.correlation_id, "");
}

TEST(DecoderContentHeader, ReadsWhatAppendPublishWrote) {
  std::string out;
  append_publish(out,
                 {.exchange = "x",
                  .routing_key = "k",
                  .properties = {.content_type = "application/json",
                                 .headers = {{"k", FieldValue{.value = true}}},
                                 .correlation_id = "id",
                                 .reply_to = "r"},
                  .body = "12345"},
                 frame_max);
  std::string_view rest = out;
  take_frame(rest, frame_max);

  const ContentHeader header = Decoder().content_header(take_frame(rest, frame_max)->payload);

  EXPECT_EQ(header.body_size, 5U);
  EXPECT_EQ(header.properties.content_type, "application/json");
  EXPECT_EQ(header.properties.correlation_id, "id");
  EXPECT_EQ(header.properties.reply_to, "r");
}

TEST(DecoderContentHeader, RefusesOtherClasses) {
  const std::string queue_header = Bytes().u16(50).u16(0).u64(0).u16(0).str();

  EXPECT_EQ(complaint_about_header(queue_header),
            "the broker sent a content header that is not of class basic");
}

TEST(DecoderContentHeader, RefusesPayloadsCutOffAnywhere) {
  const std::string whole = header_payload(7, {.content_type = "application/json",
                                               .content_encoding = "utf-8",
                                               .raw_headers = nested_tables(3),
                                               .delivery_mode = 2,
                                               .correlation_id = "id",
                                               .timestamp = 1,
                                               .app_id = "a"});

  EXPECT_EQ(complaint_about_header(whole), "none");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(complaint_about_header(whole.substr(0, size)), "none") << size;
  }
}

TEST(DecoderContentHeader, RefusesHeadersNestedTooDeep) {
  const std::string complaint =
      "the broker sent a message with headers nested too deep or malformed";

  EXPECT_EQ(complaint_about_header(header_payload(0, {.raw_headers = nested_tables(32)})), "none");
  EXPECT_EQ(complaint_about_header(header_payload(0, {.raw_headers = nested_tables(33)})),
            complaint);
  EXPECT_EQ(complaint_about_header(header_payload(0, {.raw_headers = nested_tables(3000)})),
            complaint);
}

TEST(Decoder, ForgetsNothingOfWhatItReturnedWhenItReadsOn) {
  Decoder decoder;

  const auto first =
      std::get<method::Cancel>(decoder.method(payload(60, 30, Bytes().short_string("one").u8(0))));
  const auto second =
      std::get<method::Cancel>(decoder.method(payload(60, 30, Bytes().short_string("two").u8(0))));

  EXPECT_EQ(first.consumer_tag, "one");
  EXPECT_EQ(second.consumer_tag, "two");
}

}  // namespace
}  // namespace miko::amqp
