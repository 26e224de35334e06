#include "base/json.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json_scanner.h"

namespace miko {
namespace {

struct IgnoreTokens {
  void begin_object(std::size_t /*at*/) {}
  void end_object(std::size_t /*past*/, bool /*empty*/) {}
  void begin_array(std::size_t /*at*/) {}
  void end_array(std::size_t /*past*/, bool /*empty*/) {}
  void key(const JsonString& /*key*/) {}
  void string(const JsonString& /*string*/) {}
  void scalar(JsonType /*type*/, std::string_view /*token*/) {}
  void comma() {}
};

/// Cuts the outermost container into its values and gives each to `found` with its key, which has
/// an empty token for items of an array.
template <class Found>
class SplitTopLevel {
 public:
  SplitTopLevel(std::string_view text, const Found& found) : text_(text), found_(found) {}

  void begin_object(std::size_t at) { begin(at); }
  void begin_array(std::size_t at) { begin(at); }
  void end_object(std::size_t past, bool /*empty*/) { end(past); }
  void end_array(std::size_t past, bool /*empty*/) { end(past); }
  void key(const JsonString& key) {
    if (depth_ == 1) {
      key_ = key;
    }
  }
  void string(const JsonString& string) { add(string.token); }
  void scalar(JsonType /*type*/, std::string_view token) { add(token); }
  void comma() {}

 private:
  void begin(std::size_t at) {
    if (depth_++ == 1) {
      start_ = at;
    }
  }
  void end(std::size_t past) {
    if (--depth_ == 1) {
      add(text_.substr(start_, past - start_));
    }
  }
  void add(std::string_view value) {
    if (depth_ == 1) {
      found_(key_, value);
    }
  }

  std::string_view text_;
  const Found& found_;
  int depth_ = 0;
  std::size_t start_ = 0;
  JsonString key_ = {};
};

bool is_named(const JsonString& key, std::string_view name) {
  return key.has_escapes
             ? json_decode_string(key.token) == name
             : key.token.size() >= 2 && key.token.substr(1, key.token.size() - 2) == name;
}

std::optional<JsonFault> split_members(std::string_view container, JsonDialect dialect,
                                       std::size_t depth_max, std::vector<JsonMember>& members) {
  members.reserve(4);
  const auto keep = [&members](const JsonString& key, std::string_view value) {
    members.push_back({.key = key.token, .value = value});
  };
  SplitTopLevel split(container, keep);
  return JsonScanner(container, dialect, split, depth_max).scan();
}

std::uint32_t hex_value(std::string_view digits) {
  std::uint32_t value = 0;
  for (const char c : digits) {
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value << 4 | static_cast<std::uint32_t>(digit);
  }
  return value;
}

}  // namespace

std::optional<JsonFault> find_json_fault(std::string_view text, JsonDialect dialect) {
  IgnoreTokens ignore;
  return JsonScanner(text, dialect, ignore, json_depth_max).scan();
}

JsonType json_type(std::string_view value) {
  const std::size_t start = value.find_first_not_of(" \n\t\r");
  switch (start == std::string_view::npos ? '\0' : value[start]) {
    case '{':
      return JsonType::object;
    case '[':
      return JsonType::array;
    case '"':
      return JsonType::string;
    case 't':
    case 'f':
      return JsonType::boolean;
    case 'n':
      return JsonType::null;
    default:
      return JsonType::number;
  }
}

std::vector<JsonMember> json_members(std::string_view container) {
  std::vector<JsonMember> members;
  // Checked by the caller already, so there is no fault to look at.
  split_members(container, JsonDialect::python, json_depth_max + json_wrapping_max, members);
  return members;
}

std::optional<JsonFault> split_json(std::string_view text, JsonDialect dialect,
                                    std::vector<JsonMember>& members) {
  return split_members(text, dialect, json_depth_max, members);
}

std::optional<JsonFault> pick_json_members(std::string_view text, JsonDialect dialect,
                                           std::span<JsonPick> picks) {
  const auto keep = [picks](const JsonString& key, std::string_view value) {
    for (JsonPick& pick : picks) {
      if (is_named(key, pick.name)) {
        pick.value = value;
      }
    }
  };
  SplitTopLevel split(text, keep);
  return JsonScanner(text, dialect, split, json_depth_max).scan();
}

std::optional<std::string_view> json_find(std::string_view object, std::string_view name) {
  std::optional<std::string_view> found;
  const auto keep = [&found, name](const JsonString& key, std::string_view value) {
    if (is_named(key, name)) {
      found = value;
    }
  };
  SplitTopLevel split(object, keep);
  JsonScanner(object, JsonDialect::python, split).scan();
  return found;
}

CodePoint decode_json_escape(std::string_view text) {
  switch (text[1]) {
    case 'b':
      return {.value = '\b', .bytes = 2};
    case 'f':
      return {.value = '\f', .bytes = 2};
    case 'n':
      return {.value = '\n', .bytes = 2};
    case 'r':
      return {.value = '\r', .bytes = 2};
    case 't':
      return {.value = '\t', .bytes = 2};
    case 'u':
      break;
    default:
      return {.value = static_cast<std::uint8_t>(text[1]), .bytes = 2};
  }
  const std::uint32_t high = hex_value(text.substr(2, 4));
  if (high >= 0xd800 && high < 0xdc00 && text.substr(6, 2) == "\\u" && text.size() >= 12) {
    const std::uint32_t low = hex_value(text.substr(8, 4));
    if (low >= 0xdc00 && low < 0xe000) {
      return {.value = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), .bytes = 12};
    }
  }
  return {.value = high, .bytes = 6};
}

std::string json_decode_string(std::string_view token) {
  const std::string_view text = token.substr(1, token.size() - 2);
  if (text.find('\\') == std::string_view::npos) {
    return std::string(text);
  }
  std::string out;
  json_decode_string(token, [&out](std::string_view piece) { out += piece; });
  return out;
}

void json_decode_string(std::string_view token, const JsonSink& sink) {
  constexpr std::size_t piece_size = 64UL * 1024;
  std::string_view text = token.substr(1, token.size() - 2);
  std::string out;
  while (!text.empty()) {
    const std::string_view ahead = text.substr(0, piece_size);
    const std::size_t plain = std::min(ahead.find('\\'), ahead.size());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (plain < ahead.size()) {
      const CodePoint code = decode_json_escape(text);
      const bool surrogate = code.value >= 0xd800 && code.value < 0xe000;
      append_utf8(out, surrogate ? 0xfffd : code.value);
      text.remove_prefix(code.bytes);
    }
    if (out.size() >= piece_size) {
      sink(out);
      out.clear();
    }
  }
  sink(out);
}

void append_json_escape(std::string& out, std::uint32_t code_point) {
  switch (code_point) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code_point);
  }
}

std::string json_quote(std::string_view text) {
  std::string out = "\"";
  out.reserve(text.size() + 2);
  while (true) {
    const std::size_t plain = plain_prefix(text);
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const std::optional<CodePoint> code = decode_utf8(text);
    if (!code) {
      out += "\xef\xbf\xbd";
    } else if (code->value == '"' || code->value == '\\' || is_terminal_control(code->value)) {
      append_json_escape(out, code->value);
    } else {
      out += text.substr(0, code->bytes);
    }
    text.remove_prefix(code ? code->bytes : 1);
  }
  out += '"';
  return out;
}

}  // namespace miko
