#include "cli/output.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace miko::cli {
namespace {

const CallName call = {.service = "orders", .method = "get"};

const RemoteError not_found = {.exc_type = "NotFound",
                               .json = R"({"exc_type": "NotFound", "exc_args": [1.10, "\ud800"]})"};

TEST(ErrorJson, HasEveryMember) {
  const Failure failure = {.kind = ErrorKind::remote_error,
                           .message = "orders.get raised NotFound",
                           .executed = Executed::yes,
                           .hint = "look again"};

  EXPECT_EQ(error_json(failure, call, &not_found),
            R"({"code":"remote_error","message":"orders.get raised NotFound","executed":"yes",)"
            R"("service":"orders","method":"get",)"
            R"("remote":{"exc_type":"NotFound","exc_args":[1.10,"\ud800"]},"hint":"look again"})");
}

TEST(ErrorJson, HasNullForWhatThereIsNot) {
  const Failure failure = {.kind = ErrorKind::usage, .message = "no such option"};

  EXPECT_EQ(error_json(failure, {}, nullptr),
            R"({"code":"usage","message":"no such option","executed":"no",)"
            R"("service":null,"method":null,"remote":null,"hint":null})");
}

TEST(ErrorJson, SaysWhereAMistakeIs) {
  const Failure failure = {.kind = ErrorKind::usage,
                           .message = "--args is not JSON",
                           .source = {.line = 2, .column = 4, .text = "  \"x\"]", .caret = "   ^"}};

  EXPECT_EQ(error_json(failure, {}, nullptr),
            R"({"code":"usage","message":"--args is not JSON","executed":"no",)"
            R"("service":null,"method":null,"remote":null,"hint":null,)"
            R"("at":{"line":2,"column":4,"text":"  \"x\"]","caret":"   ^"}})");
}

TEST(ErrorJson, EscapesWhateverTextsItGets) {
  const Failure failure = {.message = "a\x1b[2J\"\xff"};

  const std::string json = error_json(failure, {.service = "s\n", .method = "\x7f"}, nullptr);

  EXPECT_FALSE(find_json_fault(json, JsonDialect::strict));
  EXPECT_EQ(json_find(json, "message"), "\"a\\u001b[2J\\\"\xef\xbf\xbd\"");
  EXPECT_EQ(json_find(json, "service"), R"("s\n")");
  EXPECT_EQ(json_find(json, "method"), R"("\u007f")");
}

TEST(EnvelopeJson, HoldsAResult) {
  const Reply reply = {.result = R"({"b" : 1.10, "a": NaN})",
                       .correlation_id = "id",
                       .elapsed = std::chrono::microseconds(12'345)};

  EXPECT_EQ(envelope_json(reply, call),
            R"({"ok":true,"service":"orders","method":"get","result":{"b":1.10,"a":NaN},)"
            R"("error":null,"elapsed_ms":12.345,"correlation_id":"id"})");
}

TEST(EnvelopeJson, HoldsAFailure) {
  const Reply reply = {
      .failure =
          Failure{.kind = ErrorKind::remote_error, .message = "m", .executed = Executed::yes},
      .remote = not_found,
      .correlation_id = "id",
      .elapsed = std::chrono::seconds(2)};

  EXPECT_EQ(envelope_json(reply, call),
            R"({"ok":false,"service":"orders","method":"get","result":null,)"
            R"("error":{"code":"remote_error","message":"m","executed":"yes","service":"orders",)"
            R"("method":"get","remote":{"exc_type":"NotFound","exc_args":[1.10,"\ud800"]},)"
            R"("hint":null},"elapsed_ms":2000.000,"correlation_id":"id"})");
}

TEST(EnvelopeJson, HasNullForACallWithoutId) {
  EXPECT_EQ(envelope_json({.result = "null"}, call),
            R"({"ok":true,"service":"orders","method":"get","result":null,"error":null,)"
            R"("elapsed_ms":0.000,"correlation_id":null})");
}

TEST(EnvelopeJson, StaysOnOneLineWithoutControlCharacters) {
  const std::string json = envelope_json({.result = "[\n1,\r\n\"\x7f\xc2\x9b\"]"}, call);

  EXPECT_EQ(json_find(json, "result"), R"([1,"\u007f\u009b"])");
}

}  // namespace
}  // namespace miko::cli
