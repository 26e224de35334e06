// Row 68 of the fault matrix: whatever services, brokers, certificates and typed words contain, a
// terminal gets no control characters from it: no C0 but the newline, no DEL, no C1, nothing that
// changes the direction of text.

#include <regex>

#include "base/text.h"
#include "fault/fault_call.h"

namespace miko::test {
namespace {

/// Every control character there is, NUL apart, which a short text of AMQP may not have.
std::u32string every_control() {
  std::u32string all;
  const auto add = [&all](char32_t first, char32_t last) {
    for (char32_t code = first; code <= last; ++code) {
      all += code;
    }
  };
  add(0x01, 0x1f);
  add(0x7f, 0x9f);
  all += U'\u061c';
  add(0x200e, 0x200f);
  add(0x202a, 0x202e);
  add(0x2066, 0x2069);
  return all;
}

/// As UTF-8, with words that a terminal would obey, and letters around them that must survive.
std::string raw_controls() {
  std::string text = "<\x1b[31m\x1b]0;owned\x07\x9b";
  for (const char32_t code : every_control()) {
    append_utf8(text, code);
  }
  return text + ">";
}

/// Those that JSON allows in a string as they are.
std::string raw_controls_in_json() {
  std::string text = "<";
  for (const char32_t code : every_control()) {
    if (code > 0x1f) {
      append_utf8(text, code);
    }
  }
  return text + ">";
}

std::string escaped_controls() {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text = "<\\u0000";
  for (const char32_t code : every_control()) {
    text += "\\u";
    for (const unsigned shift : {12U, 8U, 4U, 0U}) {
      text += hex[(code >> shift) & 15U];
    }
  }
  return text + ">";
}

void expect_clean(const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::optional<CodePoint> code = decode_utf8(rest);
    ASSERT_TRUE(code.has_value()) << "not UTF-8 at: " << printable(rest.substr(0, 20));
    const bool newline = code->value == U'\n';
    ASSERT_TRUE(newline || every_control().find(code->value) == std::u32string::npos)
        << "U+" << std::hex << code->value << " in " << printable(text);
    ASSERT_NE(code->value, 0U);
    rest.remove_prefix(code->bytes);
  }
}

/// Runs miko on a terminal and checks all that it shows there. Returns it without colours.
std::string shown_by(std::vector<std::string> words, MikoOptions how = {}) {
  how.input = Terminal{};
  how.output = Terminal{};
  how.errors = Terminal{};
  how.environment["TERM"] = "xterm";
  const Outcome run = miko(std::move(words), std::move(how));
  EXPECT_EQ(run.signal, 0);
  // The colours are miko's own.
  const std::regex colour("\x1b\\[[0-9;]*m");
  const std::string shown = std::regex_replace(run.out + run.err, colour, "");
  expect_clean(shown);
  return shown;
}

std::string shown_by_call(FakeServer::Script script, std::vector<std::string> options = {}) {
  const FakeServer server(std::move(script));
  options.insert(options.begin(), "-v");
  return shown_by(fault_words(
      server.uri(), {.options = std::move(options), .timeout = std::chrono::milliseconds(1000)}));
}

void expect_part(const std::string& shown, std::string_view part) {
  EXPECT_NE(shown.find(part), std::string::npos) << shown;
}

constexpr const char* formats[] = {"pretty", "json", "raw", "envelope"};

TEST(TerminalFault, Row68_Results) {
  for (const std::string& text : {escaped_controls(), raw_controls_in_json()}) {
    const std::string string = "\"" + text + "\"";
    const std::string object = "{" + string + ": [" + string + "]}";
    for (const std::string& value : {string, object}) {
      for (const char* format : formats) {
        SCOPED_TRACE(format + value);
        const std::string shown = shown_by_call(
            answering(R"({"result": )" + value + R"(, "error": null})"), {"-o", format});

        expect_part(shown, "<");
        expect_part(shown, ">");
        expect_part(shown, "9b");
      }
    }
  }
}

TEST(TerminalFault, Row68_Exceptions) {
  for (const std::string& text : {escaped_controls(), raw_controls_in_json()}) {
    const std::string string = "\"" + text + "\"";
    const std::string error = R"({"exc_type": )" + string + R"(, "exc_path": )" + string +
                              R"(, "exc_args": [)" + string + "], " + string + R"(: 1, "value": )" +
                              string + "}";
    for (const char* format : formats) {
      SCOPED_TRACE(format);
      const std::string shown =
          shown_by_call(answering(R"({"result": null, "error": )" + error + "}"), {"-o", format});

      expect_part(shown, "remote_error");
      expect_part(shown, "9b");
    }
  }
}

TEST(TerminalFault, Row68_RefusalsOfTheCall) {
  const std::string value = "hello()" + escaped_controls();

  const std::string shown = shown_by_call(
      answering(R"({"error": {"exc_type": "IncorrectSignature", "exc_args": [], "value": ")" +
                value + R"(", "exc_path": "nameko.exceptions.IncorrectSignature"}})"));

  expect_part(shown, "bad_arguments");
}

TEST(TerminalFault, Row68_RepliesThatCannotBeUnderstood) {
  expect_part(shown_by_call(answering(raw_controls())), "not JSON");
  expect_part(shown_by_call(answering("[\"" + raw_controls_in_json() + "\"]")), "not an object");
  expect_part(shown_by_call(answering("{}", {.content_type = raw_controls()})), "of type");
  expect_part(shown_by_call(answering("{}", {.content_encoding = raw_controls()})), "encoded in");
  expect_part(shown_by_call(answering("{}", {.correlation_id = raw_controls()})), "timeout");
}

TEST(TerminalFault, Row68_WhatABrokerSaysWhenItCloses) {
  for (const unsigned code : {302U, 320U, 403U, 404U, 405U, 406U, 506U, 530U, 541U}) {
    SCOPED_TRACE(code);
    const CloseReason reason = {.code = code, .text = "no queue " + raw_controls()};
    const auto login = [&reason](Peer& peer) {
      peer.read_protocol_header();
      peer.send_start();
      peer.read_start_ok();
      peer.close_connection(reason);
    };
    const auto channel = [&reason](Peer& peer) {
      peer.log_in();
      peer.read_request();
      peer.close_channel(reason);
      peer.answer_close();
    };
    const auto connection =
        after_request([&reason](Peer& peer, const Request&) { peer.close_connection(reason); });

    expect_part(shown_by_call(login), "no queue <");
    expect_part(shown_by_call(channel), "no queue <");
    expect_part(shown_by_call(connection), "no queue <");
  }
}

TEST(TerminalFault, Row68_WhatABrokerSaysOtherwise) {
  const std::string text = raw_controls();
  const auto returned = [&text](Peer& peer) {
    peer.log_in();
    const Request request = peer.read_request();
    peer.send_method(
        1, {60, 50},
        Bytes().u16(312).short_string(text).short_string("").short_string(request.routing_key));
    peer.send_header(1, 60, 0, encode(request.properties));
    peer.answer_close();
  };
  const auto blocked = [&text](Peer& peer) {
    peer.log_in();
    peer.read_request();
    peer.blocked(text);
    peer.stay_silent();
  };
  const auto product = [&text](Peer& peer) {
    peer.log_in({.start = {.product = text, .version = text}});
    peer.reply(peer.read_request(), hello_ann);
    peer.answer_close();
  };
  const auto mechanisms = [&text](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start({.mechanisms = text, .locales = text});
    peer.finish();
  };
  const auto no_amqp = [&text](Peer& peer) {
    peer.send_raw(text);
    peer.finish();
  };

  expect_part(shown_by_call(returned), "returned 312 <");
  expect_part(shown_by_call(blocked), "the broker is blocked (<");
  expect_part(shown_by_call(product), "login    <");
  expect_part(shown_by_call(mechanisms, {"--careful"}), "does not offer");
  expect_part(shown_by_call(no_amqp), "it says '<");
}

TEST(TerminalFault, Row68_WordsThatWereTyped) {
  const std::string text = raw_controls();
  std::string direction;
  append_utf8(direction, 0x202e);
  append_utf8(direction, 0x9b);
  const FakeServer nobody([](Peer& peer) {
    peer.log_in();
    peer.return_unroutable(peer.read_request());
    peer.answer_close();
  });
  const std::string port = std::to_string(unused_port());
  const std::vector<std::string> calls[] = {
      {text},
      {"call", text, "hello"},
      {"call", "greeting", text},
      {"call", direction, direction, "-b", nobody.uri()},
      {"call", "greeting", "hello", text},
      {"call", "greeting", "hello", text + "=1", text + "=2"},
      {"call", "greeting", "hello", "--args", text},
      {"call", "greeting", "hello", "--args", "[\"" + text},
      {"call", "greeting", "hello", "--args", "@/" + text},
      {"call", "greeting", "hello", "--ctx", text},
      {"call", "greeting", "hello", "-H", text},
      {"call", "greeting", "hello", "--" + text},
      {"call", "greeting", "hello", "-o", text},
      {"call", "greeting", "hello", "--timeout", text},
      {"call", "greeting", "hello", "--color", text},
      {"call", "greeting", "hello", "-b", text},
      {"call", "greeting", "hello", "-b", "amqp://" + text},
      {"call", "greeting", "hello", "-b", "amqp://127.0.0.1:" + port + "/" + text},
      {"call", "greeting", "hello", "-c", text},
      {"call", "greeting", "hello", "--password-file", text},
      {"call", "greeting", "hello", "--user", text},
      {"call", "greeting", "hello", "--tls", "--cacert", text},
      {"call", "greeting", "hello", "--port", text},
      {"call", "greeting", "hello", "--host", text, "--timeout", "2s"},
      {"call", "greeting", "hello", "--exchange", text, "--port", port},
      {"completion", text},
      {"help", text},
  };
  for (const std::vector<std::string>& words : calls) {
    SCOPED_TRACE(printable(testing::PrintToString(words)));
    expect_part(shown_by(words), "\"error\"");
  }
}

}  // namespace
}  // namespace miko::test
