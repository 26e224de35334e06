#include "cli/output.h"

#include "base/json.h"
#include "support/stdout.h"

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

/// What is read from a pipe that keeps apart what was written apart.
std::vector<std::string> packets(int reader) {
  std::vector<std::string> all;
  char bytes[4096];
  for (ssize_t size = 0; (size = ::read(reader, bytes, sizeof bytes)) > 0;) {
    all.emplace_back(bytes, static_cast<std::size_t>(size));
  }
  return all;
}

constexpr OutputFormat printed_formats[] = {OutputFormat::json, OutputFormat::pretty,
                                            OutputFormat::raw, OutputFormat::envelope};

TEST(OutputPrint, WritesAShortLineAtOnce) {
  // Otherwise the lines of several miko writing into one pipe would mix.
  const Reply reply = {.result = R"(["a", {"b": 1}])", .correlation_id = "id"};
  for (const OutputFormat format : printed_formats) {
    SCOPED_TRACE(static_cast<int>(format));
    const test::Ends pipe = test::make_pipe(O_DIRECT);

    test::with_stdout(pipe.writer.get(), [&] {
      static_cast<void>(Output({.format = format}, Clock::now()).print(reply, call));
    });
    ::fcntl(pipe.reader.get(), F_SETFL, O_NONBLOCK);
    const std::vector<std::string> writes = packets(pipe.reader.get());

    ASSERT_EQ(writes.size(), 1U);
    EXPECT_TRUE(writes[0].ends_with('\n'));
  }
}

/// A descriptor that is readable, as after a signal.
class Interrupt {
 public:
  Interrupt() : ends_(test::make_pipe()) { EXPECT_EQ(::write(ends_.writer.get(), "", 1), 1); }

  [[nodiscard]] int fd() const { return ends_.reader.get(); }

 private:
  test::Ends ends_;
};

TEST(OutputPrint, HearsASignalThatCameJustBeforeItWouldWait) {
  const Interrupt interrupt;
  const Reply reply = {.result = '"' + std::string(1'000'000, 'x') + '"'};
  const test::Ends ends[] = {test::make_pipe(), test::make_socket_pair()};
  for (const test::Ends& nobody_reads : ends) {
    for (const OutputFormat format : printed_formats) {
      SCOPED_TRACE(static_cast<int>(format));
      std::string message;
      test::with_stdout(nobody_reads.writer.get(), [&] {
        const Output output({.format = format}, Clock::now(), interrupt.fd());
        try {
          static_cast<void>(output.print(reply, call));
        } catch (const Error& error) {
          message = error.kind() == ErrorKind::interrupted ? error.what() : "another kind";
        }
      });

      EXPECT_EQ(message, "interrupted while writing the result");
    }
  }
}

TEST(OutputPrint, SaysThatItWasInterrupted) {
  const Interrupt interrupt;
  const test::Ends pipe = test::make_pipe();
  const Output output({.format = OutputFormat::envelope}, Clock::now(), interrupt.fd());
  test::with_stdout(pipe.writer.get(), [&] {
    const Failure failure = {.kind = ErrorKind::interrupted, .message = "interrupted"};
    static_cast<void>(output.print({.failure = failure}, call));
    output.without_interrupt().print_text("a report\n");
  });

  const std::string text = test::read_all(pipe.reader.get());
  EXPECT_EQ(json_find(text.substr(0, text.find('\n')), "ok"), "false");
  EXPECT_TRUE(text.ends_with("\na report\n")) << text;
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
