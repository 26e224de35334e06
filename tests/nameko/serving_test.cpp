// Requests as a service reads them, and answers as it sends them.

#include "nameko/serving.h"

#include <gtest/gtest.h>

namespace miko::nameko {
namespace {

amqp::Delivery delivery(std::string body, std::string routing_key = "svc.hello") {
  return {
      .routing_key = std::move(routing_key),
      .properties = {.content_type = "application/json", .correlation_id = "id", .reply_to = "key"},
      .body = std::move(body)};
}

ServerOptions serving() {
  return {.service = "svc",
          .has_method = [](std::string_view method) { return method == "hello"; }};
}

/// The body of the answer to what is answered without being handled.
std::string refusal(std::string body, std::string routing_key = "svc.hello") {
  const amqp::Delivery arrived = delivery(std::move(body), std::move(routing_key));
  Incoming incoming = decode_request(serving(), arrived);
  const auto* const refused = std::get_if<Refused>(&incoming);
  return refused == nullptr
             ? "not refused"
             : encode_response("nameko-rpc", arrived.properties, refused->response).body;
}

std::string why_dropped(const amqp::Delivery& arrived) {
  const Incoming incoming = decode_request(serving(), arrived);
  const auto* const dropped = std::get_if<Dropped>(&incoming);
  return dropped == nullptr ? "not dropped" : dropped->why;
}

TEST(DecodeRequest, ReadsMethodArgumentsAndHeaders) {
  amqp::Delivery arrived = delivery(R"({"kwargs": {"a": 1e400}, "args": [1, NaN], "more": 0})");
  arrived.properties.headers = {{"nameko.language", {.value = std::string("en")}}};

  const Incoming incoming = decode_request(serving(), arrived);

  const Request& request = std::get<Request>(incoming);
  EXPECT_EQ(request.service, "svc");
  EXPECT_EQ(request.method, "hello");
  EXPECT_EQ(request.args, "[1, NaN]");
  EXPECT_EQ(request.kwargs, R"({"a": 1e400})");
  EXPECT_EQ(request.headers, R"({"nameko.language":"en"})");
  EXPECT_EQ(request.correlation_id, "id");
}

TEST(DecodeRequest, IteratesOverArgumentsAsPythonDoes) {
  const auto args = [](std::string body) {
    return std::get<Request>(decode_request(serving(), delivery(std::move(body)))).args;
  };

  EXPECT_EQ(args(R"({"args": "aé", "kwargs": {}})"), R"(["a", "\u00e9"])");
  EXPECT_EQ(args(R"({"args": {"x": 1, "y": 2}, "kwargs": {}})"), R"(["x", "y"])");
}

// The bytes are those that Nameko 2.14.1 and 3.0.0rc11 were seen to send.
TEST(DecodeRequest, C12_C14_C15_AnswersAsNamekoDoes) {
  EXPECT_EQ(refusal("{}", "svc.nope"),
            R"({"result": null, "error": {"exc_type": "MethodNotFound", )"
            R"("exc_path": "nameko.exceptions.MethodNotFound", "exc_args": ["nope"], )"
            R"("value": "nope"}})");
  EXPECT_EQ(refusal("{}", "rpc-svc"),
            R"({"result": null, "error": {"exc_type": "MethodNotFound", )"
            R"("exc_path": "nameko.exceptions.MethodNotFound", "exc_args": ["rpc-svc"], )"
            R"("value": "rpc-svc"}})");
  EXPECT_EQ(refusal(R"({"args": []})"),
            R"({"result": null, "error": {"exc_type": "MalformedRequest", )"
            R"("exc_path": "nameko.exceptions.MalformedRequest", )"
            R"("exc_args": ["Message missing `args` or `kwargs`"], )"
            R"("value": "Message missing `args` or `kwargs`"}})");
  for (const auto& [body, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"[]", "list indices must be integers or slices, not str"},
           {R"("text")", "string indices must be integers, not 'str'"},
           {"", "string indices must be integers, not 'str'"},
           {"null", "'NoneType' object is not subscriptable"},
           {"7", "'int' object is not subscriptable"}}) {
    EXPECT_EQ(refusal(body), std::string(R"({"result": null, "error": {"exc_type": "TypeError", )"
                                         R"("exc_path": "builtins.TypeError", "exc_args": [")") +
                                 text + R"("], "value": ")" + text + R"("}})");
  }
  EXPECT_NE(refusal(R"({"args": null, "kwargs": {}})")
                .find(R"("value": "Value after * must be an iterable, not NoneType")"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"args": [], "kwargs": []})")
                .find(R"(argument after ** must be a mapping, not list")"),
            std::string::npos);
}

TEST(DecodeRequest, FindsAMethodOfTheServiceOnly) {
  EXPECT_NE(refusal(R"({"args": [], "kwargs": {}})", "other.hello"), "not refused");
  EXPECT_NE(refusal(R"({"args": [], "kwargs": {}})", "svc.x.hello"), "not refused");
}

TEST(DecodeRequest, DropsWhatWouldKillAServiceOrCannotBeRead) {
  amqp::Delivery arrived = delivery("{}");
  arrived.properties.reply_to.clear();
  EXPECT_EQ(why_dropped(arrived), "it has no reply_to");
  arrived = delivery("{}");
  arrived.properties.content_type.clear();
  EXPECT_EQ(why_dropped(arrived), "it has no content type");
  arrived.properties.content_type = "application/\x1b";
  EXPECT_EQ(why_dropped(arrived), R"(its content type is 'application/\x1b')");
  arrived = delivery("{}");
  arrived.properties.content_encoding = "utf-16";
  EXPECT_EQ(why_dropped(arrived), "its encoding is 'utf-16'");
  arrived = delivery("{}");
  arrived.properties.headers = {{"compression", {.value = std::string("gzip")}}};
  EXPECT_EQ(why_dropped(arrived), "its body is compressed");
  arrived.properties.headers = {{"nameko.call_id_stack", {}}};
  EXPECT_EQ(why_dropped(arrived), "its call id stack is not a list of strings");
  arrived.properties.headers = {{"nameko.call_id_stack", {.value = amqp::Array{{}}}}};
  EXPECT_EQ(why_dropped(arrived), "its call id stack is not a list of strings");
  EXPECT_EQ(why_dropped(delivery("{")), "its body is not JSON: expected a key or '}' at byte 1");
}

TEST(EncodeResponse, SendsResultsAsTheyAre) {
  const amqp::Message message =
      encode_response("nameko-rpc", delivery("").properties, {.result = "[1.10, NaN]"});

  EXPECT_EQ(message.exchange, "nameko-rpc");
  EXPECT_EQ(message.routing_key, "key");
  EXPECT_FALSE(message.mandatory);
  EXPECT_EQ(message.properties.content_type, "application/json");
  EXPECT_EQ(message.properties.correlation_id, "id");
  EXPECT_EQ(message.body, R"({"result": [1.10, NaN], "error": null})");
}

TEST(EncodeResponse, WritesExceptionsInAsciiAsPythonDoes) {
  const std::string body =
      encode_response("x", {},
                      raised("orders.errors.NotFound", "\xc3\xa9\xf0\x9f\x98\x80\n\x7f\xff"))
          .body;

  EXPECT_EQ(body,
            "{\"result\": null, \"error\": {\"exc_type\": \"NotFound\", \"exc_path\": "
            "\"orders.errors.NotFound\", \"exc_args\": "
            "[\"\\u00e9\\ud83d\\ude00\\n\x7f\\ufffd\"], \"value\": "
            "\"\\u00e9\\ud83d\\ude00\\n\x7f\\ufffd\"}}");
}

}  // namespace
}  // namespace miko::nameko
