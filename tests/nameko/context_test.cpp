#include "nameko/context.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "nameko/rpc.h"

namespace miko::nameko {
namespace {

/// The headers as JSON, without the call id stack that is always in front.
std::string headers_of(std::string_view context, std::string_view headers) {
  amqp::Table table = request_headers("id", context, headers);
  EXPECT_EQ(table.front().first, "nameko.call_id_stack");
  table.erase(table.begin());
  const std::string description = describe({.properties = {.headers = table}, .body = "0"});
  const std::string_view before = R"("headers":)";
  const std::size_t start = description.find(before) + before.size();
  return description.substr(start, description.find(R"(,"delivery_mode")") - start);
}

Failure failure_of(std::string_view context, std::string_view headers) {
  try {
    static_cast<void>(request_headers("id", context, headers));
  } catch (const Error& error) {
    return error.failure();
  }
  return {};
}

TEST(RequestHeaders, AlwaysBeginWithACallIdStackOfOneText) {
  const amqp::Table table = request_headers("miko.call.1", "{}", "{}");

  ASSERT_EQ(table.size(), 1U);
  EXPECT_EQ(table[0].first, "nameko.call_id_stack");
  const auto& stack = std::get<amqp::Array>(table[0].second.value);
  ASSERT_EQ(stack.size(), 1U);
  EXPECT_EQ(std::get<std::string>(stack[0].value), "miko.call.1");
}

TEST(RequestHeaders, PrefixContextAndLeaveOtherHeadersAlone) {
  EXPECT_EQ(headers_of(R"({"user_id": 7, "language": "de"})", R"({"x-trace": "abc"})"),
            R"({"nameko.user_id":7,"nameko.language":"de","x-trace":"abc"})");
}

TEST(RequestHeaders, CarryEveryTypeOfJson) {
  EXPECT_EQ(headers_of(R"({"a": true, "b": false, "c": "é\n", "d": 1.5, "e": [1, [], null],)"
                       R"( "f": {"g": {}}})",
                       "{}"),
            R"({"nameko.a":true,"nameko.b":false,"nameko.c":"é\n","nameko.d":1.5,)"
            R"("nameko.e":[1,[],null],"nameko.f":{"g":{}}})");
}

TEST(RequestHeaders, LeaveNullOut) {
  EXPECT_EQ(headers_of(R"({"a": null, "b": 1})", R"({"c": null})"), R"({"nameko.b":1})");
}

TEST(RequestHeaders, TakeIntegersThatPythonReadsBack) {
  for (const std::string_view number :
       {"0", "-1", "2147483647", "2147483648", "9223372036854775807", "-2147483648"}) {
    EXPECT_EQ(headers_of("{\"n\": " + std::string(number) + "}", "{}"),
              "{\"nameko.n\":" + std::string(number) + "}");
  }
}

TEST(RequestHeaders, RefuseNumbersThatPythonWouldNotReadBack) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"9223372036854775808", "the integers of AMQP headers"},
      {"-2147483649", "the integers of AMQP headers"},
      {"10000000000000000000000000000000000000000", "the integers of AMQP headers"},
      {"1e400", "a number of AMQP headers"},
      {"-1e400", "a number of AMQP headers"},
  };
  for (const auto& [number, what] : cases) {
    SCOPED_TRACE(number);

    const Failure failure = failure_of("{\"n\": [" + std::string(number) + "]}", "{}");

    EXPECT_EQ(failure.kind, ErrorKind::usage);
    EXPECT_EQ(failure.message, "header 'n': " + std::string(number).substr(0, 40) +
                                   (number.size() > 40 ? "..." : "") + " does not fit " +
                                   std::string(what));
    EXPECT_EQ(failure.hint, "send it as a string");
  }
}

TEST(RequestHeaders, LetNobodySetTheCallIdStack) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"call_id_stack": ["x"]})", "{}"},
      {R"({"call_id_stack": null})", "{}"},
      {R"({"\u0063all_id_stack": "x"})", "{}"},
      {R"({"nameko.call_id_stack": "x"})", "{}"},
      {"{}", R"({"nameko.call_id_stack": "x"})"},
      {"{}", R"({"call_id_stack": "x"})"},
      {"{}", R"({"nameko\u002ecall_id_stack": 1})"},
      {"{}", R"({"a": 1, "nameko.call_id_stack": {}})"},
  };
  for (const auto& [context, headers] : cases) {
    SCOPED_TRACE(std::string(context) + std::string(headers));

    const Failure failure = failure_of(context, headers);

    EXPECT_EQ(failure.kind, ErrorKind::usage);
    EXPECT_EQ(failure.message, "the call id stack cannot be set");
  }
}

TEST(RequestHeaders, LetNobodyAnnounceACompressionThatIsNone) {
  const std::string message = "the header 'compression' cannot be set";

  EXPECT_EQ(failure_of("{}", R"({"compression": "application/x-gzip"})").message, message);
  EXPECT_EQ(failure_of("{}", R"({"\u0063ompression": 1})").message, message);
}

TEST(RequestHeaders, RefuseWhatIsNoObject) {
  for (const std::string_view text : {"", "[]", "1", "null", "{", R"({"a": NaN})", "{} {}"}) {
    SCOPED_TRACE(text);

    EXPECT_EQ(failure_of(text, "{}").message, "context is not a JSON object");
    EXPECT_EQ(failure_of("{}", text).message, "header is not a JSON object");
  }
}

TEST(RequestHeaders, RefuseNamesThatDoNotFit) {
  const auto object = [](std::size_t size) { return "{\"" + std::string(size, 'k') + "\": 1}"; };

  EXPECT_EQ(failure_of(object(121), "{}").message, "");
  EXPECT_EQ(failure_of(object(122), "{}").message, "context names have 1 to 121 bytes");
  EXPECT_EQ(failure_of("{}", object(122)).message, "header names have 1 to 121 bytes");
  EXPECT_EQ(failure_of(R"({"": 1})", "{}").message, "context names have 1 to 121 bytes");
}

TEST(RequestHeaders, RefuseMoreThanAFrame) {
  const auto object = [](std::size_t size) { return "{\"k\":\"" + std::string(size, 'x') + "\"}"; };

  EXPECT_EQ(failure_of(object(100'000 - 10), "{}").message, "");
  EXPECT_EQ(failure_of(object(100'000 - 9), "{}").message,
            "context and headers have more than 100000 bytes");
}

TEST(RequestHeaders, RefuseWhatIsNestedTooDeep) {
  const auto nested = [](std::size_t depth) {
    return "{\"k\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };

  EXPECT_EQ(failure_of(nested(32), "{}").message, "");
  EXPECT_EQ(failure_of(nested(33), "{}").message, "header 'k' is nested too deep");
}

}  // namespace
}  // namespace miko::nameko
