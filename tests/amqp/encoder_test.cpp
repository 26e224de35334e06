// The writing half of amqp/codec.h.

#include <gtest/gtest.h>

#include "amqp/codec.h"
#include "base/error.h"
#include "support/amqp_bytes.h"

namespace miko::amqp {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using test::Bytes;

constexpr std::size_t frame_max = 4096;

template <class Action>
std::optional<Failure> failure_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.failure();
  }
  return std::nullopt;
}

Message small_message() {
  return {.exchange = "nameko-rpc",
          .routing_key = "s.m",
          .properties = {.content_type = "application/json",
                         .content_encoding = "utf-8",
                         .headers = {{"k", FieldValue{.value = "v"s}}},
                         .delivery_mode = std::uint8_t{2},
                         .priority = std::uint8_t{0},
                         .correlation_id = "c",
                         .reply_to = "r",
                         .expiration = "5000"},
          .body = "{}"};
}

TEST(AppendPublish, WritesTheseBytes) {
  std::string out = "before";

  append_publish(out, small_message(), frame_max);

  EXPECT_EQ(out,
            "before"
            // basic.publish on channel 1: ticket, exchange, routing key, mandatory
            "\x01\0\x01\0\0\0\x16"
            "\0\x3c\0\x28\0\0\x0anameko-rpc\x03s.m\x01\xce"
            // header of class 60: weight, body size, flags
            "\x02\0\x01\0\0\0\x3c"
            "\0\x3c\0\0\0\0\0\0\0\0\0\x02\xff\0"
            "\x10"
            "application/json\x05utf-8"
            "\0\0\0\x08\x01kS\0\0\0\x01v"
            "\x02\0\x01"
            "c\x01r\x04"
            "5000\xce"s);
}

TEST(AppendPublish, LeavesOutWhatIsEmpty) {
  std::string out;

  append_publish(out, {.exchange = "x", .routing_key = "k", .mandatory = false}, frame_max);

  EXPECT_EQ(
      out,
      test::method_frame(1, {60, 40}, Bytes().u16(0).short_string("x").short_string("k").u8(0)) +
          test::frame(test::FrameType::header, 1, Bytes().u16(60).u16(0).u64(0).u16(0).str()));
}

/// Headers of a published message as they travel, in the notation of ByteReader::table().
std::string sent_headers(const Table& headers) {
  std::string out;
  append_publish(out, {.properties = {.headers = headers}}, frame_max);
  std::string_view rest = out;
  take_frame(rest, frame_max);
  const std::string_view payload = take_frame(rest, frame_max)->payload;
  return test::decode_properties(payload.substr(12)).headers.value_or("none");
}

TEST(AppendPublish, SendsHeadersInTheTypesPythonReads) {
  const std::pair<FieldValue, std::string_view> cases[] = {
      {{}, "null"},
      {{.value = true}, "true"},
      {{.value = false}, "false"},
      {{.value = std::int64_t{0}}, R"({"I":0})"},
      {{.value = std::int64_t{2147483647}}, R"({"I":2147483647})"},
      {{.value = std::int64_t{2147483648}}, R"({"l":2147483648})"},
      {{.value = std::int64_t{-2147483648}}, R"({"I":-2147483648})"},
      {{.value = std::int64_t{-2147483649}}, R"({"l":-2147483649})"},
      {{.value = INT64_MAX}, R"({"l":9223372036854775807})"},
      {{.value = 1.5}, R"({"d":1.5})"},
      {{.value = ""s}, R"("")"},
      {{.value = "é"s}, R"("é")"},
      {{.value = Array{}}, "[]"},
      {{.value = Array{{.value = "a"s}, {.value = true}}}, R"(["a",true])"},
      {{.value = Table{}}, "{}"},
      {{.value = Table{{"in", {.value = Array{{}}}}}}, R"({"in":[null]})"},
  };
  for (const auto& [value, sent] : cases) {
    SCOPED_TRACE(sent);

    EXPECT_EQ(sent_headers({{"k", value}}), "{\"k\":" + std::string(sent) + "}");
  }
}

TEST(AppendPublish, KeepsTheOrderOfHeaders) {
  EXPECT_EQ(sent_headers({{"b", {}}, {"a", {}}, {"c", {}}}), R"({"b":null,"a":null,"c":null})");
}

TEST(AppendPublish, RefusesNamesOverAShortString) {
  const Message messages[] = {
      {.exchange = std::string(256, 'x')},
      {.routing_key = std::string(256, 'x')},
      {.properties = {.content_type = std::string(256, 'x')}},
      {.properties = {.headers = {{std::string(256, 'x'), {}}}}},
      {.properties = {.correlation_id = std::string(256, 'x')}},
      {.properties = {.reply_to = std::string(256, 'x')}},
  };
  for (const Message& message : messages) {
    const auto failure = failure_of([&message] {
      std::string out;
      append_publish(out, message, frame_max);
    });

    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, ErrorKind::usage);
    EXPECT_EQ(failure->message, "'" + std::string(40, 'x') + "...' has more than 255 bytes");
  }
}

TEST(AppendPublish, TakesNamesOfAWholeShortString) {
  std::string out;

  EXPECT_NO_THROW(append_publish(
      out, {.exchange = std::string(255, 'x'), .routing_key = std::string(255, 'k')}, frame_max));
}

TEST(AppendPublish, RefusesHeadersOverAFrame) {
  const Message message = {
      .properties = {.headers = {{"k", FieldValue{.value = std::string(frame_max, 'x')}}}}};

  const auto failure = failure_of([&message] {
    std::string out;
    append_publish(out, message, frame_max);
  });

  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::usage);
}

TEST(AppendStartOk, EncodesEachLoginMethod) {
  const std::pair<StartOk, std::string> cases[] = {
      {{.mechanism = "PLAIN", .user = "bob", .password = "pw"}, "\0bob\0pw"s},
      {{.mechanism = "AMQPLAIN", .user = "bob", .password = "pw"},
       "\x05LOGINS\0\0\0\x03"
       "bob\x08PASSWORDS\0\0\0\x02pw"s},
      {{.mechanism = "EXTERNAL", .user = "bob", .password = "pw"}, ""},
  };
  for (const auto& [fields, response] : cases) {
    SCOPED_TRACE(fields.mechanism);
    std::string out;

    append_start_ok(out, fields);

    std::string_view rest = out;
    const std::optional<Frame> frame = take_frame(rest, frame_max);
    ASSERT_TRUE(frame);
    test::ByteReader reader(frame->payload);
    EXPECT_EQ(reader.u32(), 10U << 16 | 11U);
    const std::string properties = reader.table();
    EXPECT_TRUE(properties.starts_with(R"({"product":"miko","version":")")) << properties;
    EXPECT_TRUE(
        properties.ends_with(R"("capabilities":{"publisher_confirms":true,"basic.nack":true,)"
                             R"("consumer_cancel_notify":true,"connection.blocked":true,)"
                             R"("authentication_failure_close":true}})"))
        << properties;
    EXPECT_EQ(reader.short_string(), fields.mechanism);
    EXPECT_EQ(reader.long_string(), response);
    EXPECT_EQ(reader.short_string(), "en_US");
    EXPECT_EQ(reader.rest(), "");
  }
}

struct Encoded {
  void (*append)(std::string& out);
  std::string expected;
};

TEST(AppendMethods, WriteTheirFrames) {
  const Encoded cases[] = {
      {[](std::string& out) {
         append_tune_ok(out, {.channel_max = 2, .frame_max = 131072, .heartbeat = 10});
       },
       test::method_frame(0, {10, 31}, Bytes().u16(2).u32(131072).u16(10))},
      {[](std::string& out) { append_connection_open(out, "/v"); },
       test::method_frame(0, {10, 40}, Bytes().short_string("/v").short_string("").u8(0))},
      {append_connection_close,
       test::method_frame(0, {10, 50}, Bytes().u16(200).short_string("goodbye").u16(0).u16(0))},
      {append_connection_close_ok, test::method_frame(0, {10, 51})},
      {[](std::string& out) { append_channel_open(out, 2); },
       test::method_frame(2, {20, 10}, Bytes().short_string(""))},
      {[](std::string& out) { append_channel_close_ok(out, 2); }, test::method_frame(2, {20, 41})},
      {[](std::string& out) { append_ack(out, 7, Multiple::no); },
       test::method_frame(1, {60, 80}, Bytes().u64(7).u8(0))},
      {[](std::string& out) { append_ack(out, 7, Multiple::yes); },
       test::method_frame(1, {60, 80}, Bytes().u64(7).u8(1))},
      {[](std::string& out) { append_requeue(out, 7); },
       test::method_frame(1, {60, 90}, Bytes().u64(7).u8(1))},
      {append_heartbeat, test::frame(test::FrameType::heartbeat, 0, "")},
      {[](std::string& out) { append_body_frame(out, "piece"); },
       test::frame(test::FrameType::body, 1, "piece")},
  };
  for (const Encoded& c : cases) {
    std::string out = "before";

    c.append(out);

    EXPECT_EQ(out, "before" + c.expected);
  }
}

std::string encoded(const Request& request) {
  std::string out;
  append_request(out, 2, request);
  return out;
}

TEST(AppendRequest, WritesEachRequestOnItsChannel) {
  const std::pair<Request, std::string> cases[] = {
      {request::ConfirmSelect{}, test::method_frame(2, {85, 10}, Bytes().u8(0))},
      // passive is the first bit, durable the second, exclusive or auto-delete follow
      {request::DeclareExchange{.exchange = "x"},
       test::method_frame(2, {40, 10},
                          Bytes().u16(0).short_string("x").short_string("topic").u8(0x02).table())},
      {request::DeclareExchange{.exchange = "x", .passive = true, .auto_delete = true},
       test::method_frame(2, {40, 10},
                          Bytes().u16(0).short_string("x").short_string("topic").u8(0x07).table())},
      {request::DeclareQueue{.queue = "q", .exclusive = true, .auto_delete = true},
       test::method_frame(2, {50, 10}, Bytes().u16(0).short_string("q").u8(0x0c).table())},
      {request::DeclareQueue{.queue = "q", .passive = true, .durable = true},
       test::method_frame(2, {50, 10}, Bytes().u16(0).short_string("q").u8(0x03).table())},
      {request::DeclareQueue{.queue = "q",
                             .arguments = {{"x-max-length", {.value = std::int64_t{5}}}}},
       test::method_frame(2, {50, 10},
                          Bytes().u16(0).short_string("q").u8(0).table(
                              Bytes().short_string("x-max-length").u8('I').u32(5)))},
      {request::BindQueue{.queue = "q", .exchange = "x", .routing_key = "k"},
       test::method_frame(
           2, {50, 20},
           Bytes().u16(0).short_string("q").short_string("x").short_string("k").u8(0).table())},
      {request::UnbindQueue{.queue = "q", .exchange = "x", .routing_key = "k"},
       test::method_frame(
           2, {50, 50},
           Bytes().u16(0).short_string("q").short_string("x").short_string("k").table())},
      {request::DeleteQueue{.queue = "q", .if_unused = true, .if_empty = true},
       test::method_frame(2, {50, 40}, Bytes().u16(0).short_string("q").u8(0x03))},
      {request::Prefetch{.count = 9}, test::method_frame(2, {60, 10}, Bytes().u32(0).u16(9).u8(0))},
      // no-ack is the second bit
      {request::Consume{.queue = "q"},
       test::method_frame(2, {60, 20},
                          Bytes().u16(0).short_string("q").short_string("q").u8(0x02).table())},
      {request::Consume{.queue = "q", .acknowledged = true},
       test::method_frame(2, {60, 20},
                          Bytes().u16(0).short_string("q").short_string("q").u8(0).table())},
      {request::Cancel{.queue = "q"},
       test::method_frame(2, {60, 30}, Bytes().short_string("q").u8(0))},
  };
  for (const auto& [request, expected] : cases) {
    EXPECT_EQ(encoded(request), expected) << request.index();
  }
}

TEST(AppendStartOk, TakesPasswordsOfAnyLength) {
  const std::string password(2000, 'p');
  std::string out;

  append_start_ok(out, {.mechanism = "AMQPLAIN", .user = "u", .password = password});

  EXPECT_NE(out.find(password), std::string::npos);
}

TEST(AppendPublish, TakesHeadersThatFitAFrame) {
  for (const auto& [size, limit] :
       {std::pair<std::size_t, std::size_t>{3000, 4096}, {100'000, 131'072}}) {
    const Message message = {
        .properties = {.headers = {{"k", FieldValue{.value = std::string(size, 'x')}}}}};
    std::string out;

    EXPECT_NO_THROW(append_publish(out, message, limit)) << size;
  }
}

}  // namespace
}  // namespace miko::amqp
