#include "cli/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"
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

/// Standard output as long as it lives: a pipe that keeps apart what was written apart.
class PacketPipe {
 public:
  PacketPipe() : standard_output_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_DIRECT | O_NONBLOCK | O_CLOEXEC), 0);
    reader_ = UniqueFd(ends[0]);
    const UniqueFd writer(ends[1]);
    ::dup2(writer.get(), STDOUT_FILENO);
  }
  ~PacketPipe() { ::dup2(standard_output_.get(), STDOUT_FILENO); }
  PacketPipe(const PacketPipe&) = delete;
  PacketPipe& operator=(const PacketPipe&) = delete;

  [[nodiscard]] std::vector<std::string> writes() const {
    std::vector<std::string> all;
    char bytes[4096];
    for (ssize_t size = 0; (size = ::read(reader_.get(), bytes, sizeof bytes)) > 0;) {
      all.emplace_back(bytes, static_cast<std::size_t>(size));
    }
    return all;
  }

 private:
  UniqueFd standard_output_;
  UniqueFd reader_;
};

TEST(OutputPrint, WritesAShortLineAtOnce) {
  // Otherwise the lines of several miko writing into one pipe would mix.
  const Reply reply = {.result = R"(["a", {"b": 1}])", .correlation_id = "id"};
  for (const OutputFormat format :
       {OutputFormat::json, OutputFormat::pretty, OutputFormat::raw, OutputFormat::envelope}) {
    SCOPED_TRACE(static_cast<int>(format));
    const PacketPipe pipe;

    static_cast<void>(Output({.format = format}, Clock::now()).print(reply, call));
    const std::vector<std::string> writes = pipe.writes();

    ASSERT_EQ(writes.size(), 1U);
    EXPECT_TRUE(writes[0].ends_with('\n'));
  }
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
