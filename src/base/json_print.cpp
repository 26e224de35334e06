#include <algorithm>
#include <array>
#include <memory>

#include "base/json.h"
#include "base/json_scanner.h"

namespace miko {
namespace {

constexpr std::size_t piece_size = 64UL * 1024;

/// A newline, and the blanks in front of the innermost value there can be.
constexpr auto indentation = [] {
  std::array<char, 1 + 2 * (json_depth_max + json_wrapping_max)> text = {};
  text.fill(' ');
  text[0] = '\n';
  return text;
}();

namespace colour {
constexpr std::string_view key = "\x1b[34;1m";
constexpr std::string_view string = "\x1b[32m";
constexpr std::string_view word = "\x1b[33m";
constexpr std::string_view off = "\x1b[0m";
}  // namespace colour

/// Writes tokens as the scanner reports them.
class Printer {
 public:
  /// `size` is that of the value: a small one needs no large buffer.
  Printer(JsonLayout layout, const JsonSink& sink, std::size_t size)
      : indented_(layout != JsonLayout::compact),
        coloured_(layout == JsonLayout::indented_colour),
        sink_(sink),
        capacity_(std::min(piece_size, size + 64)),
        out_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

  void begin_object(std::size_t /*at*/) { begin('{'); }
  void begin_array(std::size_t /*at*/) { begin('['); }
  void end_object(std::size_t /*past*/, bool empty) { end('}', empty); }
  void end_array(std::size_t /*past*/, bool empty) { end(']', empty); }

  void key(const JsonString& key) {
    start_value();
    paint(colour::key);
    write_string(key);
    paint(colour::off);
    put(':');
    if (indented_) {
      put(' ');
    }
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

  void comma() { put(','); }

  void flush() {
    sink_(std::string_view(out_.get(), used_));
    used_ = 0;
  }

 private:
  void begin(char bracket) {
    start_value();
    put(bracket);
    ++depth_;
  }

  void end(char bracket, bool empty) {
    --depth_;
    if (!empty) {
      new_line();
    }
    put(bracket);
  }

  /// Every value but the outermost and those behind a key stands on its own line.
  void start_value() {
    if (depth_ > 0 && !after_key_) {
      new_line();
    }
    after_key_ = false;
  }

  void new_line() {
    if (indented_) {
      write(std::string_view(indentation.data(), indentation.size()).substr(0, 1 + 2 * depth_));
    }
  }

  void paint(std::string_view sequence) {
    if (coloured_) {
      write(sequence);
    }
  }

  void put(char c) {
    if (used_ == capacity_) {
      flush();
    }
    out_[used_++] = c;
  }

  void write(std::string_view text) {
    if (text.size() > capacity_ - used_) {
      flush();
      while (text.size() > capacity_) {
        sink_(text.substr(0, piece_size));
        text.remove_prefix(std::min(piece_size, text.size()));
      }
    }
    used_ += text.copy(out_.get() + used_, text.size());
  }

  void write_string(const JsonString& string) {
    if (!string.has_raw_controls && !(indented_ && string.has_escapes)) {
      write(string.token);
      return;
    }
    std::string_view text = string.token;
    while (!text.empty()) {
      const std::size_t plain = plain_prefix(text);
      write(text.substr(0, plain));
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
      std::string escape;
      append_json_escape(escape, code->value);
      write(escape);
    } else {
      write(text.substr(0, bytes));
    }
    return bytes;
  }

  std::size_t write_escape(std::string_view text) {
    const CodePoint code = decode_json_escape(text);
    const bool surrogate = code.value >= 0xd800 && code.value < 0xe000;
    if (indented_ && text[1] == 'u' && !surrogate && code.value != '"' && code.value != '\\' &&
        !is_terminal_control(code.value)) {
      std::string character;
      append_utf8(character, code.value);
      write(character);
    } else {
      write(text.substr(0, code.bytes));
    }
    return code.bytes;
  }

  bool indented_;
  bool coloured_;
  const JsonSink& sink_;
  std::size_t capacity_;
  std::unique_ptr<char[]> out_;
  std::size_t used_ = 0;
  std::size_t depth_ = 0;
  bool after_key_ = false;
};

}  // namespace

void json_print(std::string_view value, JsonLayout layout, const JsonSink& sink) {
  Printer printer(layout, sink, value.size());
  JsonScanner(value, JsonDialect::python, printer).scan();
  printer.flush();
}

std::string json_format(std::string_view value, JsonLayout layout) {
  std::string out;
  json_print(value, layout, [&out](std::string_view piece) { out += piece; });
  return out;
}

}  // namespace miko
