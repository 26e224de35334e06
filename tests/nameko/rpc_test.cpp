#include "nameko/rpc.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace miko::nameko {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

const RequestIds ids = {.correlation_id = "corr", .reply_to = "reply", .call_id = "miko.call.1"};

amqp::Message request(const Arguments& arguments) {
  return encode_request("nameko-rpc", "orders", "get", arguments, ids, seconds(5));
}

std::string complaint_about(const Arguments& arguments) {
  try {
    static_cast<void>(request(arguments));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

TEST(Expiration, IsInMillisecondsRoundedUpAndNeverZero) {
  const std::pair<Clock::duration, std::string_view> cases[] = {
      {seconds(5), "5000"},
      {milliseconds(1), "1"},
      {microseconds(1500), "2"},
      {nanoseconds(1), "1"},
      {nanoseconds(0), "1"},
      {seconds(-5), "1"},
      {milliseconds(999), "999"},
      {microseconds(999'001), "1000"},
      {std::chrono::hours(24), "86400000"},
  };
  for (const auto& [lifetime, text] : cases) {
    EXPECT_EQ(expiration(lifetime), text);
  }
}

TEST(EncodeRequest, AddressesTheMethodOfTheService) {
  const amqp::Message message = request({});

  EXPECT_EQ(message.exchange, "nameko-rpc");
  EXPECT_EQ(message.routing_key, "orders.get");
  EXPECT_TRUE(message.mandatory);
  EXPECT_EQ(message.properties.correlation_id, "corr");
  EXPECT_EQ(message.properties.content_encoding, "utf-8");
  EXPECT_EQ(message.properties.priority, 0);
}

TEST(EncodeRequest, OutlivesTheBrokerOnlyIfItDoesNotExpire) {
  EXPECT_EQ(request({}).properties.delivery_mode, 1);
  EXPECT_EQ(request({.expires = false}).properties.delivery_mode, 2);
}

TEST(EncodeRequest, CarriesArgumentsAsTheyWereWritten) {
  const std::pair<Arguments, std::string_view> cases[] = {
      {{}, R"({"args": [], "kwargs": {}})"},
      {{.args = "[1.10, 10000000000000000000000000000000000000000]"},
       R"({"args": [1.10, 10000000000000000000000000000000000000000], "kwargs": {}})"},
      {{.kwargs = R"({"b": 1, "a": "\ud800"})"},
       R"({"args": [], "kwargs": {"b": 1, "a": "\ud800"}})"},
      {{.args = " [ ]\n"}, "{\"args\":  [ ]\n, \"kwargs\": {}}"},
  };
  for (const auto& [arguments, body] : cases) {
    EXPECT_EQ(request(arguments).body, body);
  }
}

TEST(EncodeRequest, OfAProbeHasNoArgumentsButAllThatKeepsAServiceAlive) {
  const amqp::Message message = request({.probe = true});

  EXPECT_EQ(message.body, "{}");
  EXPECT_EQ(message.properties.content_type, "application/json");
  EXPECT_EQ(message.properties.reply_to, "reply");
  EXPECT_EQ(message.properties.correlation_id, "corr");
}

TEST(EncodeRequest, ExpiresWithTheCallerUnlessToldNotTo) {
  EXPECT_EQ(request({}).properties.expiration, "5000");
  EXPECT_EQ(request({.expires = false}).properties.expiration, "");
}

TEST(EncodeRequest, AlwaysHasWhatAServiceWouldDieWithout) {
  const Arguments many[] = {
      {},
      {.args = "[1]", .kwargs = R"({"content_type": null})"},
      {.context = R"({"user": 1})", .headers = R"({"x": 1})"},
      {.headers = R"({"content_type": "text/plain", "reply_to": "", "correlation_id": "x"})"},
      {.context = R"({"content_type": null})", .expires = false},
      {.deadline = Clock::time_point()},
  };
  for (const Arguments& arguments : many) {
    SCOPED_TRACE(arguments.headers);

    const amqp::Message message = request(arguments);

    EXPECT_EQ(message.properties.content_type, "application/json");
    EXPECT_EQ(message.properties.reply_to, "reply");
    EXPECT_EQ(message.properties.correlation_id, "corr");
    const auto& [key, stack] = message.properties.headers.at(0);
    EXPECT_EQ(key, "nameko.call_id_stack");
    const auto& elements = std::get<amqp::Array>(stack.value);
    ASSERT_EQ(elements.size(), 1U);
    EXPECT_EQ(std::get<std::string>(elements[0].value), "miko.call.1");
  }
}

TEST(EncodeRequest, RefusesWhatNamekoCouldNotRead) {
  const std::pair<Arguments, std::string_view> cases[] = {
      {{.args = "{}"}, "args is not a JSON array"},
      {{.args = ""}, "args is not a JSON array: unexpected end"},
      {{.args = "[NaN]"}, "args is not a JSON array: NaN and Infinity are not JSON"},
      {{.args = "[], []"}, "args is not a JSON array: unexpected text after the value"},
      {{.args = "\"[]\""}, "args is not a JSON array"},
      {{.args = std::string(513, '[') + std::string(513, ']')},
       "args is not a JSON array: nested too deep"},
      {{.kwargs = "[]"}, "kwargs is not a JSON object"},
      {{.kwargs = "null"}, "kwargs is not a JSON object"},
      {{.kwargs = R"({"a": Infinity})"},
       "kwargs is not a JSON object: NaN and Infinity are not JSON"},
      {{.kwargs = R"({}, "args": [1])"},
       "kwargs is not a JSON object: unexpected text after the value"},
      {{.context = "[]"}, "context is not a JSON object"},
      {{.headers = "1"}, "header is not a JSON object"},
      {{.context = R"({"call_id_stack": 1})"}, "the call id stack cannot be set"},
  };
  for (const auto& [arguments, complaint] : cases) {
    EXPECT_EQ(complaint_about(arguments), complaint);
  }
}

TEST(EncodeRequest, RefusesNamesThatReachNoService) {
  EXPECT_THROW(static_cast<void>(encode_request("x", "s", "a.b", {}, ids, seconds(1))), Error);
}

TEST(Describe, ShowsTheWholeRequest) {
  const amqp::Message message = request({.args = "[1.10]", .context = R"({"user": 7})"});

  EXPECT_EQ(describe(message),
            R"({"exchange":"nameko-rpc","routing_key":"orders.get","mandatory":true,)"
            R"("properties":{"content_type":"application/json","content_encoding":"utf-8",)"
            R"("headers":{"nameko.call_id_stack":["miko.call.1"],"nameko.user":7},)"
            R"("delivery_mode":1,"priority":0,"correlation_id":"corr","reply_to":"reply",)"
            R"("expiration":"5000"},"body":{"args": [1.10], "kwargs": {}}})");
}

TEST(Describe, ShowsArgumentsAsDeepAsTheyMayBe) {
  const std::string args = std::string(512, '[') + std::string(512, ']');

  const std::string text = describe(request({.args = args}));

  EXPECT_EQ(json_format(text, JsonLayout::compact).size(), text.size() - 3) << "the blanks in body";
  EXPECT_EQ(json_find(*json_find(text, "body"), "args"), args);
}

TEST(Describe, LeavesOutAnExpirationThatIsNone) {
  EXPECT_EQ(describe(request({.expires = false})).find("expiration"), std::string::npos);
}

}  // namespace
}  // namespace miko::nameko
