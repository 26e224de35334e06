#include "cli/tap_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "base/text.h"

namespace miko::cli {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// 2026-01-31 23:59:59.123 UTC.
const auto at = std::chrono::system_clock::time_point(milliseconds(1769903999123));

Exchange answered(const std::string& result = "3") {
  return {.service = "lab",
          .method = "add",
          .args = "[1]",
          .kwargs = R"({"b": 2})",
          .call_id_stack = {"web.call.A", "shop.buy.B"},
          .answered = true,
          .reply = {.result = result, .correlation_id = "id", .elapsed = microseconds(1234)}};
}

Exchange failed() {
  Exchange exchange = answered("");
  exchange.reply.failure = Failure{.kind = ErrorKind::remote_error,
                                   .message = "lab.add raised Boom: bang",
                                   .executed = Executed::yes};
  exchange.reply.remote = RemoteError{.exc_type = "Boom",
                                      .exc_path = "lab.Boom",
                                      .value = "bang",
                                      .json = R"({"exc_type": "Boom", "value": "bang"})"};
  return exchange;
}

Exchange unanswered() {
  Exchange exchange = answered("");
  exchange.answered = false;
  exchange.reply.elapsed = seconds(5);
  exchange.reply.failure = Failure{
      .kind = ErrorKind::timeout, .message = "no reply in 5 s", .executed = Executed::maybe};
  return exchange;
}

/// A line in UTC.
std::string line(const Exchange& exchange, const LineLayout& layout = {}) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  return exchange_line(exchange, at, layout);
}

TEST(ExchangeJson, HasWhatIsKnownOfACall) {
  EXPECT_EQ(exchange_json(answered(), at, Values::shortened),
            R"({"at":"2026-01-31T23:59:59.123Z","service":"lab","method":"add","args":[1],)"
            R"("kwargs":{"b":2},"ok":true,"result":3,"error":null,"latency_ms":1.234,)"
            R"("correlation_id":"id","call_id":null,"parent":"shop.buy.B","origin":"web.call.A"})");
}

TEST(ExchangeJson, ShowsAFailureAsAnEnvelopeDoes) {
  EXPECT_NE(exchange_json(failed(), at, Values::shortened)
                .find(R"("ok":false,"result":null,"error":{"code":"remote_error",)"
                      R"("message":"lab.add raised Boom: bang","executed":"yes",)"
                      R"("service":"lab","method":"add",)"
                      R"("remote":{"exc_type":"Boom","value":"bang"},"hint":null},)"
                      R"("latency_ms":1.234,)"),
            std::string::npos);
}

TEST(ExchangeJson, HasNoLatencyWithoutReply) {
  EXPECT_NE(exchange_json(unanswered(), at, Values::shortened)
                .find(R"("error":{"code":"timeout","message":"no reply in 5 s","executed":"maybe",)"
                      R"("service":"lab","method":"add","remote":null,"hint":null},)"
                      R"("latency_ms":null,)"),
            std::string::npos);
}

TEST(ExchangeJson, LeavesOutLongValuesAndSaysHowLongTheyAre) {
  const std::string longer = '"' + std::string(short_value_max, 'x') + '"';

  const std::string shortened = exchange_json(answered(longer), at, Values::shortened);
  const std::string whole = exchange_json(answered(longer), at, Values::whole);

  EXPECT_NE(shortened.find(R"("ok":true,"result":null,"error":null)"), std::string::npos);
  EXPECT_TRUE(shortened.ends_with(R"(,"omitted":{"result":4098}})")) << shortened;
  EXPECT_NE(whole.find(R"("result":)" + longer), std::string::npos);
  EXPECT_EQ(whole.find("omitted"), std::string::npos);
}

TEST(ExchangeJson, SaysWhyThereAreNoArguments) {
  Exchange exchange = answered();
  exchange.args = exchange.kwargs = "";
  exchange.request_fault = "the request is compressed";

  const std::string json = exchange_json(exchange, at, Values::shortened);

  EXPECT_NE(json.find(R"("args":null,"kwargs":null,)"), std::string::npos);
  EXPECT_TRUE(json.ends_with(R"(,"unreadable":"the request is compressed"})")) << json;
}

TEST(ExchangeJson, IsOneLineWhateverTheCallerWrote) {
  Exchange exchange = answered("[1,\n 2]");
  exchange.args = "[\n\"\x7f\"\n]";
  exchange.service = "a\nb";

  const std::string json = exchange_json(exchange, at, Values::whole);

  EXPECT_EQ(json.find('\n'), std::string::npos);
  EXPECT_NE(json.find(R"("service":"a\nb")"), std::string::npos);
  EXPECT_NE(json.find(R"("args":["\u007f"])"), std::string::npos);
  EXPECT_NE(json.find(R"("result":[1,2])"), std::string::npos);
}

TEST(ExchangeLine, ShowsTimeLatencyOutcomeAndCall) {
  EXPECT_EQ(line(answered()), "23:59:59.123  1.23 ms  ok        lab.add(1, b=2) -> 3");
  EXPECT_EQ(line(failed()), "23:59:59.123  1.23 ms  Boom      lab.add(1, b=2) -> bang");
  EXPECT_EQ(line(unanswered()),
            "23:59:59.123        -  no reply  lab.add(1, b=2) -> no reply in 5 s");
}

TEST(ExchangeLine, KeepsTheCallInOneColumnBesideALongerOutcome) {
  Exchange longer = failed();
  longer.reply.remote->exc_type = "MethodNotFound";
  const std::size_t columns = outcome_columns(longer);

  EXPECT_EQ(columns, 14U);
  EXPECT_EQ(line(answered(), {.outcome_columns = columns}),
            "23:59:59.123  1.23 ms  ok             lab.add(1, b=2) -> 3");
  EXPECT_EQ(line(longer, {.outcome_columns = columns}),
            "23:59:59.123  1.23 ms  MethodNotFound lab.add(1, b=2) -> bang");
}

TEST(ExchangeLine, ColoursTheOutcome) {
  EXPECT_EQ(line(answered(), {.colour = true}),
            "\x1b[2m23:59:59.123\x1b[0m  1.23 ms  \x1b[32mok\x1b[0m        lab.add(1, b=2) -> 3");
  EXPECT_NE(line(failed(), {.colour = true}).find("\x1b[31mBoom\x1b[0m"), std::string::npos);
  EXPECT_NE(line(unanswered(), {.colour = true}).find("\x1b[33mno reply\x1b[0m"),
            std::string::npos);
}

TEST(ExchangeLine, ShowsLatenciesInThreeDigits) {
  const std::pair<Clock::duration, std::string> cases[] = {
      {microseconds(1), " 0.00 ms"},     {microseconds(9994), " 9.99 ms"},
      {microseconds(12340), " 12.3 ms"}, {milliseconds(123), "  123 ms"},
      {milliseconds(1500), "  1.50 s"},  {seconds(75), "  75.0 s"},
  };
  for (const auto& [latency, shown] : cases) {
    Exchange exchange = answered();
    exchange.reply.elapsed = latency;

    EXPECT_EQ(line(exchange).substr(12, 9), " " + shown.substr(shown.size() - 8)) << shown;
  }
}

TEST(ExchangeLine, FitsTheTerminal) {
  const std::string longer = '"' + std::string(500, 'x') + '"';
  Exchange both = answered(longer);
  both.args = "[" + longer + "]";
  Exchange result_only = answered(longer);
  Exchange name_only = answered();
  name_only.service = std::string(300, 's');
  for (const std::size_t width : {40U, 80U, 120U}) {
    for (const Exchange& exchange : {both, result_only, name_only}) {
      EXPECT_EQ(columns(line(exchange, {.width = width})), width);
    }
  }
  EXPECT_EQ(line(result_only, {.width = 80}),
            "23:59:59.123  1.23 ms  ok        lab.add(1, b=2) -> \"xxxxxxxxxxxxxxxxxxxxxxxx...");
  EXPECT_EQ(line(both, {.width = 80}),
            "23:59:59.123  1.23 ms  ok        lab.add(\"xxxxxxxxxxxxx...) -> \"xxxxxxxxxxxxx...");
}

TEST(ExchangeLine, CountsTheColumnsOfWideCharacters) {
  Exchange exchange = answered(R"("\u65e5\u672c\u8a9e\u65e5\u672c\u8a9e")");

  EXPECT_EQ(line(exchange, {.width = 62}),
            "23:59:59.123  1.23 ms  ok        lab.add(1, b=2) -> \"日本語...");
}

TEST(ExchangeLine, ShowsNothingForeignAsControlCharacters) {
  Exchange exchange = failed();
  exchange.service = "\x1b[31ms";
  exchange.kwargs = R"({"\u001b": "\u202e"})";
  exchange.reply.remote->exc_type = "B\x07";
  exchange.reply.remote->value = "line\nline \x9b";

  EXPECT_EQ(line(exchange),
            R"(23:59:59.123  1.23 ms  B\x07     \x1b[31ms.add(1, \x1b="\u202e") -> )"
            R"(line\nline \x9b)");
}

TEST(ArgumentsText, ShowsUnusualArgumentsToo) {
  Exchange exchange = answered();
  exchange.args = R"("ab")";
  exchange.kwargs = "null";

  EXPECT_EQ(arguments_text(exchange, Values::whole), R"(*"ab", **null)");
}

TEST(ArgumentsText, ShowsNestedValuesOnOneLine) {
  Exchange exchange = answered();
  exchange.args = R"([{"a": [1, {}], "b": "\u00e9"}, []])";
  exchange.kwargs = "{}";

  EXPECT_EQ(arguments_text(exchange, Values::whole), R"({"a": [1, {}], "b": "é"}, [])");
}

}  // namespace
}  // namespace miko::cli
