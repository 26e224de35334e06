#pragma once

// Why not RapidJSON: version 1.1 refuses integers of more than 308 digits, 1e400 and lone high
// surrogates in every mode, writes lone low ones as invalid UTF-8, and makes 10**40 a double.
// All of these are ordinary values for the Python services whose replies miko carries. So the text
// itself is the value here: this scanner checks it and names its tokens, and nothing is converted.

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/text.h"

namespace miko {

/// The code point that an escape sequence (with its backslash) at the front of `text` stands for,
/// two sequences for a surrogate pair. A lone surrogate is returned as it is. In json.cpp.
[[nodiscard]] CodePoint decode_json_escape(std::string_view text);

/// Appends the escape sequence for a code point below U+10000. In json.cpp.
void append_json_escape(std::string& out, std::uint32_t code_point);

/// A string token with what its reader wants to know before walking through it.
struct JsonString {
  std::string_view token = {};    ///< with its quotes
  bool has_escapes = false;       ///< contains a backslash
  bool has_raw_controls = false;  ///< contains some is_terminal_control() without an escape
};

/// Levels that miko adds around values from outside: a request's body, an envelope, an error, the
/// preview of a request.
inline constexpr std::size_t json_wrapping_max = 8;

/// Walks through one JSON value without recursion and reports its tokens to `Handler`:
/// begin_object(at), end_object(past, empty), begin_array(at), end_array(past, empty),
/// key(JsonString), string(JsonString), scalar(JsonType, token), comma(), where `at` is the offset
/// of the opening bracket and `past` the one behind the closing bracket.
template <class Handler>
class JsonScanner {
 public:
  JsonScanner(std::string_view text, JsonDialect dialect, Handler& handler,
              std::size_t depth_max = depth_possible)
      : text_(text), dialect_(dialect), handler_(handler), depth_max_(depth_max) {}

  std::optional<JsonFault> scan() {
    do {
      if (!scan_value()) {
        return fault_;
      }
      if (!scan_ends_of_containers()) {
        return fault_;
      }
    } while (depth_ > 0);
    skip_blanks();
    if (at_ < text_.size()) {
      fail("unexpected text after the value");
      return fault_;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t depth_possible = json_depth_max + json_wrapping_max;

  /// One scalar, or everything up to and with the opening bracket of a non-empty container's
  /// first item, so that what follows is again a value.
  bool scan_value() {
    while (true) {
      skip_blanks();
      const char c = peek();
      if (c != '{' && c != '[') {
        return scan_scalar(c);
      }
      if (depth_ == depth_max_) {
        return fail("nested too deep");
      }
      const bool object = c == '{';
      in_object_[depth_++] = object;
      object ? handler_.begin_object(at_) : handler_.begin_array(at_);
      ++at_;
      skip_blanks();
      if (peek() == (object ? '}' : ']')) {
        close_container(true);
        return true;
      }
      if (object && !scan_key("expected a key or '}'")) {
        return false;
      }
    }
  }

  /// After a value: closing brackets, and a comma if another value follows.
  bool scan_ends_of_containers() {
    while (depth_ > 0) {
      skip_blanks();
      const bool object = in_object_[depth_ - 1];
      const char c = peek();
      if (c == ',') {
        ++at_;
        handler_.comma();
        if (!object) {
          return true;
        }
        skip_blanks();
        return scan_key("expected a key");
      }
      if (c != (object ? '}' : ']')) {
        return fail(object ? "expected ',' or '}'" : "expected ',' or ']'");
      }
      close_container(false);
    }
    return true;
  }

  void close_container(bool empty) {
    ++at_;
    const bool object = in_object_[--depth_];
    object ? handler_.end_object(at_, empty) : handler_.end_array(at_, empty);
  }

  bool scan_key(std::string_view expected) {
    if (peek() != '"') {
      return fail(expected);
    }
    JsonString string;
    if (!scan_string(string)) {
      return false;
    }
    handler_.key(string);
    skip_blanks();
    if (peek() != ':') {
      return fail("expected ':'");
    }
    ++at_;
    return true;
  }

  bool scan_scalar(char c) {
    if (c == '"') {
      JsonString string;
      if (!scan_string(string)) {
        return false;
      }
      handler_.string(string);
      return true;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
      return scan_number();
    }
    static constexpr std::array words = {Word{"true", JsonType::boolean, JsonDialect::strict},
                                         Word{"false", JsonType::boolean, JsonDialect::strict},
                                         Word{"null", JsonType::null, JsonDialect::strict},
                                         Word{"NaN", JsonType::number, JsonDialect::python},
                                         Word{"Infinity", JsonType::number, JsonDialect::python}};
    for (const Word& word : words) {
      if (text_.substr(at_, word.text.size()) == word.text) {
        if (word.dialect == JsonDialect::python && dialect_ == JsonDialect::strict) {
          return fail("NaN and Infinity are not JSON");
        }
        handler_.scalar(word.type, text_.substr(at_, word.text.size()));
        at_ += word.text.size();
        return true;
      }
    }
    return fail(at_ == text_.size() ? "unexpected end" : "expected a value");
  }

  bool scan_number() {
    const std::size_t start = at_;
    if (peek() == '-') {
      ++at_;
      constexpr std::string_view infinity = "Infinity";
      if (text_.substr(at_, infinity.size()) == infinity) {
        if (dialect_ == JsonDialect::strict) {
          return fail("NaN and Infinity are not JSON");
        }
        at_ += infinity.size();
        handler_.scalar(JsonType::number, text_.substr(start, at_ - start));
        return true;
      }
    }
    if (peek() == '0') {
      ++at_;
    } else if (!skip_digits()) {
      return fail("expected a digit");
    }
    if (peek() == '.') {
      ++at_;
      if (!skip_digits()) {
        return fail("expected a digit");
      }
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') {
        ++at_;
      }
      if (!skip_digits()) {
        return fail("expected a digit");
      }
    }
    handler_.scalar(JsonType::number, text_.substr(start, at_ - start));
    return true;
  }

  bool skip_digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') {
      ++at_;
    }
    return at_ > start;
  }

  bool scan_string(JsonString& string) {
    const std::size_t start = at_++;
    at_ += plain_prefix(text_.substr(at_));
    if (peek() == '"') {
      ++at_;
      string.token = text_.substr(start, at_ - start);
      return true;
    }
    return scan_rest_of_string(string, start);
  }

  /// From what does not stand for itself.
  [[gnu::noinline]] bool scan_rest_of_string(JsonString& string, std::size_t start) {
    while (true) {
      at_ += plain_prefix(text_.substr(at_));
      if (at_ == text_.size()) {
        return fail("unexpected end inside a string");
      }
      const auto c = static_cast<std::uint8_t>(text_[at_]);
      if (c == '"') {
        ++at_;
        string.token = text_.substr(start, at_ - start);
        return true;
      }
      if (c == '\\') {
        string.has_escapes = true;
        if (!skip_escape()) {
          return false;
        }
      } else if (c < 0x20) {
        return fail("control character inside a string");
      } else {
        const std::optional<CodePoint> code = decode_utf8(text_.substr(at_, 4));
        if (!code) {
          return fail("not UTF-8");
        }
        string.has_raw_controls = string.has_raw_controls || is_terminal_control(code->value);
        at_ += code->bytes;
      }
    }
  }

  bool skip_escape() {
    ++at_;
    const char c = peek();
    if (c == 'u') {
      for (int digit = 0; digit < 4; ++digit) {
        ++at_;
        const char hex = peek();
        const bool is_hex =
            (hex >= '0' && hex <= '9') || (hex >= 'a' && hex <= 'f') || (hex >= 'A' && hex <= 'F');
        if (!is_hex) {
          return fail("expected four hexadecimal digits");
        }
      }
    } else if (c == '\0' || std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) {
      return fail("unknown escape in a string");
    }
    ++at_;
    return true;
  }

  void skip_blanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c > ' ' || (c != ' ' && c != '\n' && c != '\t' && c != '\r')) {
        return;
      }
      ++at_;
    }
  }

  /// NUL at the end, which no grammar rule accepts.
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  bool fail(std::string_view what) {
    fault_ = JsonFault{.offset = at_, .what = what};
    return false;
  }

  struct Word {
    std::string_view text;
    JsonType type;
    JsonDialect dialect;
  };

  std::string_view text_;
  JsonDialect dialect_;
  Handler& handler_;
  std::size_t at_ = 0;
  std::size_t depth_max_;
  std::size_t depth_ = 0;
  std::bitset<depth_possible> in_object_ = {};
  JsonFault fault_ = {};
};

}  // namespace miko
