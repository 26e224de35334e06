#include <algorithm>

#include "base/json.h"
#include "base/json_scanner.h"

namespace miko {
namespace {

constexpr std::size_t piece_size = 64UL * 1024;

namespace colour {
constexpr std::string_view key = "\x1b[34;1m";
constexpr std::string_view string = "\x1b[32m";
constexpr std::string_view word = "\x1b[33m";
constexpr std::string_view off = "\x1b[0m";
}  // namespace colour

/// Writes tokens as the scanner reports them.
class Printer {
 public:
  Printer(JsonLayout layout, const JsonSink& sink)
      : indented_(layout != JsonLayout::compact),
        coloured_(layout == JsonLayout::indented_colour),
        sink_(sink) {}

  void begin_object(std::size_t /*at*/) { begin('{'); }
  void begin_array(std::size_t /*at*/) { begin('['); }
  void end_object(std::size_t /*past*/, bool empty) { end('}', empty); }
  void end_array(std::size_t /*past*/, bool empty) { end(']', empty); }

  void key(const JsonString& key) {
    start_value();
    paint(colour::key);
    write_string(key);
    paint(colour::off);
    out_ += indented_ ? ": " : ":";
    after_key_ = true;
  }

  void string(const JsonString& string) {
    start_value();
    paint(colour::string);
    write_string(string);
    paint(colour::off);
  }

  void scalar(JsonType type, std::string_view token) {
    start_value();
    const bool word = type != JsonType::number;
    paint(word ? colour::word : std::string_view());
    write(token);
    paint(word ? colour::off : std::string_view());
  }

  void comma() { out_ += ','; }

  void flush() {
    sink_(out_);
    out_.clear();
  }

 private:
  void begin(char bracket) {
    start_value();
    out_ += bracket;
    ++depth_;
  }

  void end(char bracket, bool empty) {
    --depth_;
    if (!empty) {
      new_line();
    }
    out_ += bracket;
  }

  /// Every value but the outermost and those behind a key stands on its own line.
  void start_value() {
    if (out_.size() >= piece_size) {
      flush();
    }
    if (depth_ > 0 && !after_key_) {
      new_line();
    }
    after_key_ = false;
  }

  void new_line() {
    if (indented_) {
      out_ += '\n';
      out_.append(2 * depth_, ' ');
    }
  }

  void paint(std::string_view sequence) {
    if (coloured_) {
      out_ += sequence;
    }
  }

  void write(std::string_view text) {
    if (text.size() < piece_size) {
      out_ += text;
      return;
    }
    flush();
    for (; !text.empty(); text.remove_prefix(std::min(piece_size, text.size()))) {
      sink_(text.substr(0, piece_size));
    }
  }

  void write_string(const JsonString& string) {
    if (!string.has_raw_controls && !(indented_ && string.has_escapes)) {
      write(string.token);
      return;
    }
    std::string_view text = string.token;
    while (!text.empty()) {
      if (out_.size() >= piece_size) {
        flush();
      }
      const std::size_t plain = std::min(plain_prefix(text), piece_size);
      out_ += text.substr(0, plain);
      text.remove_prefix(plain);
      if (plain == 0) {
        text.remove_prefix(text[0] == '\\' ? write_escape(text) : write_character(text));
      }
    }
  }

  std::size_t write_character(std::string_view text) {
    const std::optional<CodePoint> code = decode_utf8(text.substr(0, 4));
    const std::size_t bytes = code ? code->bytes : 1;
    if (code && is_terminal_control(code->value)) {
      append_json_escape(out_, code->value);
    } else {
      out_ += text.substr(0, bytes);
    }
    return bytes;
  }

  std::size_t write_escape(std::string_view text) {
    const CodePoint code = decode_json_escape(text);
    const bool surrogate = code.value >= 0xd800 && code.value < 0xe000;
    if (indented_ && text[1] == 'u' && !surrogate && code.value != '"' && code.value != '\\' &&
        !is_terminal_control(code.value)) {
      append_utf8(out_, code.value);
    } else {
      out_ += text.substr(0, code.bytes);
    }
    return code.bytes;
  }

  bool indented_;
  bool coloured_;
  const JsonSink& sink_;
  std::string out_ = {};
  std::size_t depth_ = 0;
  bool after_key_ = false;
};

}  // namespace

void json_print(std::string_view value, JsonLayout layout, const JsonSink& sink) {
  Printer printer(layout, sink);
  JsonScanner(value, JsonDialect::python, printer).scan();
  printer.flush();
}

std::string json_format(std::string_view value, JsonLayout layout) {
  std::string out;
  json_print(value, layout, [&out](std::string_view piece) { out += piece; });
  return out;
}

}  // namespace miko
