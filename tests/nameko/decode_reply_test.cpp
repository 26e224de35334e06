// The reading half of nameko/rpc.h.

#include <gtest/gtest.h>

#include "base/error.h"
#include "nameko/rpc.h"

namespace miko::nameko {
namespace {

amqp::Delivery delivery_of(std::string body) {
  return {.properties = {.content_type = "application/json", .content_encoding = "utf-8"},
          .body = std::move(body)};
}

Reply decode(std::string body) {
  return decode_reply("orders", "get", delivery_of(std::move(body)));
}

/// What is wrong with a delivery that is no reply.
std::string complaint_about(amqp::Delivery delivery) {
  const Reply reply = decode_reply("orders", "get", std::move(delivery));
  if (reply.ok()) {
    return "none";
  }
  EXPECT_EQ(reply.failure->kind, ErrorKind::bad_reply);
  EXPECT_EQ(reply.failure->executed, Executed::yes);
  EXPECT_EQ(reply.result, "");
  EXPECT_FALSE(reply.remote);
  return reply.failure->message;
}

std::string raised(std::string_view exc_path, std::string_view exc_args, std::string_view value) {
  return R"({"result": null, "error": {"exc_type": "T", "exc_path": ")" + std::string(exc_path) +
         R"(", "exc_args": )" + std::string(exc_args) + R"(, "value": ")" + std::string(value) +
         R"("}})";
}

TEST(DecodeReply, KeepsResultsAsPythonWroteThem) {
  for (const std::string result :
       {"null", "true", "10000000000000000000000000000000000000000", "1.10", "-0.0", "1e400", "NaN",
        "-Infinity", R"("\ud800")", R"({"b": 1,  "a": [ ], "b": 2})", R"("error")"}) {
    SCOPED_TRACE(result);

    const Reply reply = decode(R"({"result": )" + result + R"(, "error": null})");

    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.result, result);
    EXPECT_EQ(reply.value(), result);
  }
}

TEST(DecodeReply, KeepsIntegersOfAnySize) {
  const std::string digits(400, '9');

  EXPECT_EQ(decode(R"({"result": )" + digits + R"(, "error": null})").result, digits);
}

TEST(DecodeReply, FindsTheResultWhereverItStands) {
  const std::string_view bodies[] = {
      R"({"result": 7, "error": null})",
      R"({"error": null, "result": 7})",
      R"({"error":null,"result":7})",
      " {\n\"error\" : null , \"result\" : 7 } ",
      R"({"result": 7})",
      R"({"more": [{"result": 1}], "result": 7, "error": null, "result2": 2})",
      R"({"result": 1, "error": null, "result": 7})",
      R"({"r\u0065sult": 7, "error": null})",
      R"({"result": 1, "r\u0065sult": 7})",
  };
  for (const std::string_view body : bodies) {
    SCOPED_TRACE(body);

    EXPECT_EQ(decode(std::string(body)).result, "7");
  }
}

TEST(DecodeReply, TakesErrorsThatPythonHoldsForFalseForNone) {
  for (const std::string error : {"null", "false", "0", "-0", "0.0", R"("")", "[]", "[ ]", "{}"}) {
    SCOPED_TRACE(error);

    const Reply reply = decode(R"({"result": 7, "error": )" + error + "}");

    EXPECT_TRUE(reply.ok());
    EXPECT_EQ(reply.result, "7");
  }
}

TEST(DecodeReply, RefusesErrorsThatAreTrueButNoObject) {
  for (const std::string error : {"true", "1", "-0.5", "NaN", R"("x")", "[0]", "[null]"}) {
    SCOPED_TRACE(error);

    EXPECT_EQ(complaint_about(delivery_of(R"({"result": 7, "error": )" + error + "}")),
              "the reply's error is not an object");
  }
}

TEST(DecodeReply, LetsTheLastErrorCount) {
  EXPECT_TRUE(decode(R"({"error": {"exc_type": "T"}, "result": 7, "error": null})").ok());
  EXPECT_FALSE(decode(R"({"error": null, "result": 7, "error": {"exc_type": "T"}})").ok());
}

TEST(DecodeReply, RefusesWhatIsNoReply) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "the reply is not JSON: unexpected end at byte 0: ''"},
      {"oops\x1b", R"(the reply is not JSON: expected a value at byte 0: 'oops\x1b')"},
      {R"({"result": 1)",
       R"(the reply is not JSON: expected ',' or '}' at byte 12: '{"result": 1')"},
      {R"({"result": "x)",
       "the reply is not JSON: unexpected end inside a string at byte 13: "
       R"('{"result": "x')"},
      {"[1]", "the reply is not an object: '[1]'"},
      {R"("text")", R"(the reply is not an object: '"text"')"},
      {"{}", "the reply has no result"},
      {R"({"error": null})", "the reply has no result"},
      {R"({"Result": 1})", "the reply has no result"},
  };
  for (const auto& [body, complaint] : cases) {
    SCOPED_TRACE(body);

    EXPECT_EQ(complaint_about(delivery_of(std::string(body))), complaint);
  }
}

TEST(DecodeReply, ReadsJsonInUtf8Only) {
  struct Case {
    std::string_view content_type;
    std::string_view content_encoding;
    std::string_view complaint;
  };
  const Case cases[] = {
      {"application/json", "utf-8", "none"},
      {"application/json", "UTF-8", "none"},
      {"application/json", "", "none"},
      {"application/json", "us-ascii", "none"},
      {"", "", "none"},
      {"application/x-python-serialize", "binary",
       "the reply is of type 'application/x-python-serialize', not application/json"},
      {"text/plain\x1b", "utf-8", R"(the reply is of type 'text/plain\x1b', not application/json)"},
      {"application/json", "utf-16", "the reply is encoded in 'utf-16', not utf-8"},
      {"application/json", "gzip", "the reply is encoded in 'gzip', not utf-8"},
  };
  for (const Case& c : cases) {
    amqp::Delivery delivery = delivery_of(R"({"result": 1})");
    delivery.properties.content_type = c.content_type;
    delivery.properties.content_encoding = c.content_encoding;

    EXPECT_EQ(complaint_about(std::move(delivery)), c.complaint);
  }
}

TEST(DecodeReply, SaysHowLargeAReplyOverTheLimitIs) {
  EXPECT_EQ(complaint_about({.too_large = true, .announced_size = 5'000'000'000}),
            "the reply of 5000000000 bytes is over the limit");
}

TEST(DecodeReply, CarriesTheExceptionOfTheMethod) {
  const Reply reply = decode(
      R"({"result": null, "error": {"exc_type": "NotFound", "exc_path": "orders.errors.NotFound",)"
      R"( "exc_args": ["A-1", 10000000000000000000000], "value": "A-1 \ud83d\ude00 \ud800"}})");

  ASSERT_TRUE(reply.failure && reply.remote);
  EXPECT_EQ(reply.failure->kind, ErrorKind::remote_error);
  EXPECT_EQ(reply.failure->executed, Executed::yes);
  EXPECT_EQ(reply.failure->message, "orders.get raised NotFound: A-1 😀 \xef\xbf\xbd");
  EXPECT_EQ(reply.remote->exc_type, "NotFound");
  EXPECT_EQ(reply.remote->exc_path, "orders.errors.NotFound");
  EXPECT_EQ(reply.remote->exc_args, R"(["A-1", 10000000000000000000000])");
  EXPECT_EQ(reply.remote->value, "A-1 😀 \xef\xbf\xbd");
  EXPECT_EQ(
      reply.remote->json,
      R"({"exc_type": "NotFound", "exc_path": "orders.errors.NotFound",)"
      R"( "exc_args": ["A-1", 10000000000000000000000], "value": "A-1 \ud83d\ude00 \ud800"})");
  EXPECT_EQ(reply.result, "");
  EXPECT_THROW(static_cast<void>(reply.value()), Error);
}

TEST(DecodeReply, TakesExceptionsWithPartsMissingOrOfOtherTypes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"x": 1})", "orders.get raised an exception"},
      {R"({"exc_type": "E"})", "orders.get raised E"},
      {R"({"exc_type": null, "value": "v"})", "orders.get raised an exception: v"},
      {R"({"exc_type": 7, "exc_path": [], "exc_args": "x", "value": {}})",
       "orders.get raised an exception"},
      {R"({"exc_type": "A", "exc_type": "B"})", "orders.get raised B"},
      {R"({"exc_type": "E\u001b[2J", "value": "a\nb"})", R"(orders.get raised E\x1b[2J: a\nb)"},
      {R"({"exc_path": "nameko.exceptions.MethodNotFound", "exc_args": "get"})",
       "orders.get raised an exception"},
  };
  for (const auto& [error, message] : cases) {
    SCOPED_TRACE(error);

    const Reply reply = decode(R"({"result": null, "error": )" + std::string(error) + "}");

    ASSERT_TRUE(reply.failure && reply.remote);
    EXPECT_EQ(reply.failure->kind, ErrorKind::remote_error);
    EXPECT_EQ(reply.failure->message, message);
    EXPECT_EQ(reply.remote->json, error);
  }
}

TEST(DecodeReply, ShortensTheMessageButNotTheValue) {
  const Reply reply = decode(raised("m.T", "[]", std::string(1000, 'x')));

  ASSERT_TRUE(reply.failure && reply.remote);
  EXPECT_EQ(reply.failure->message, "orders.get raised T: " + std::string(300, 'x') + "...");
  EXPECT_EQ(reply.remote->value, std::string(1000, 'x'));
}

TEST(DecodeReply, KnowsThatTheServiceHasNoSuchMethod) {
  const Reply reply = decode(raised("nameko.exceptions.MethodNotFound", R"(["get"])", "get"));

  ASSERT_TRUE(reply.failure && reply.remote);
  EXPECT_EQ(reply.failure->kind, ErrorKind::unknown_method);
  EXPECT_EQ(reply.failure->executed, Executed::no);
  EXPECT_EQ(reply.failure->message, "service 'orders' has no method 'get'");
}

TEST(DecodeReply, KnowsThatTheMethodTakesOtherArguments) {
  const std::string value = "get() missing 1 required positional argument: 'id'";

  const Reply reply = decode(raised("nameko.exceptions.IncorrectSignature", R"(["x"])", value));

  ASSERT_TRUE(reply.failure && reply.remote);
  EXPECT_EQ(reply.failure->kind, ErrorKind::bad_arguments);
  EXPECT_EQ(reply.failure->executed, Executed::no);
  EXPECT_EQ(reply.failure->message, "orders.get does not take these arguments: " + value);
}

TEST(DecodeReply, TakesTheSameExceptionsAboutOtherCallsForThoseOfTheMethod) {
  const std::string bodies[] = {
      raised("nameko.exceptions.MethodNotFound", R"(["other"])", "other"),
      raised("nameko.exceptions.MethodNotFound", "[]", "get"),
      raised("nameko.exceptions.MethodNotFound", R"([["get"]])", "get"),
      raised("nameko.exceptions.IncorrectSignature", R"(["x"])", "other() missing 1 required"),
      raised("nameko.exceptions.IncorrectSignature", R"(["x"])", "get_all() missing 1 required"),
      raised("orders.errors.MethodNotFound", R"(["get"])", "get"),
      raised("nameko.exceptions.RemoteError", R"(["MethodNotFound", "get"])", "MethodNotFound get"),
  };
  for (const std::string& body : bodies) {
    SCOPED_TRACE(body);

    const Reply reply = decode(body);

    ASSERT_TRUE(reply.failure);
    EXPECT_EQ(reply.failure->kind, ErrorKind::remote_error);
    EXPECT_EQ(reply.failure->executed, Executed::yes);
  }
}

TEST(DecodeReply, TakesAnErrorOfZeroWithAnExponentForNone) {
  EXPECT_EQ(decode(R"({"result": 7, "error": 0e5})").result, "7");
}

}  // namespace
}  // namespace miko::nameko
