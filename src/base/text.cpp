#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace miko {

std::optional<CodePoint> decode_utf8(std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) {
    return CodePoint{.value = first, .bytes = 1};
  }
  std::size_t bytes = 0;
  std::uint32_t value = 0;
  std::uint32_t smallest = 0;  // anything below is an overlong form
  if (first >= 0xc2 && first < 0xe0) {
    bytes = 2, value = first & 0x1fU, smallest = 0x80;
  } else if (first >= 0xe0 && first < 0xf0) {
    bytes = 3, value = first & 0x0fU, smallest = 0x800;
  } else if (first >= 0xf0 && first < 0xf5) {
    bytes = 4, value = first & 0x07U, smallest = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() < bytes) {
    return std::nullopt;
  }
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      return std::nullopt;
    }
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < smallest || value > 0x10ffff || surrogate) {
    return std::nullopt;
  }
  return CodePoint{.value = value, .bytes = bytes};
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xc0 | (code_point >> 6));
    out += static_cast<char>(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xe0 | (code_point >> 12));
    out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code_point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code_point >> 18));
    out += static_cast<char>(0x80 | ((code_point >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((code_point >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code_point & 0x3f));
  }
}

bool is_terminal_control(std::uint32_t code_point) {
  const auto between = [code_point](std::uint32_t low, std::uint32_t high) {
    return code_point >= low && code_point <= high;
  };
  return code_point < 0x20 || between(0x7f, 0x9f) || between(0x202a, 0x202e) ||
         between(0x2066, 0x2069) || between(0x200e, 0x200f) || code_point == 0x061c;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::optional<CodePoint> code = decode_utf8(text);
    if (!code) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<std::uint8_t>(text[0]));
    } else if (code->value == '\n') {
      out += "\\n";
    } else if (code->value == '\t') {
      out += "\\t";
    } else if (is_terminal_control(code->value)) {
      const int width = code->value < 0x100 ? 2 : 4;
      fmt::format_to(std::back_inserter(out), "\\{}{:0{}x}", width == 2 ? 'x' : 'u', code->value,
                     width);
    } else {
      out += text.substr(0, code->bytes);
    }
    text.remove_prefix(code ? code->bytes : 1);
  }
  return out;
}

std::string shortened(std::string_view text, std::size_t characters_max) {
  std::size_t bytes = 0;
  for (std::size_t characters = 0; bytes < text.size(); ++characters) {
    if (characters == characters_max) {
      return std::string(text.substr(0, bytes)) + "...";
    }
    const std::optional<CodePoint> code = decode_utf8(text.substr(bytes));
    bytes += code ? code->bytes : 1;
  }
  return std::string(text);
}

std::string without_userinfo(std::string_view uri) {
  const std::size_t scheme_end = uri.find("://");
  const std::size_t start = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  // A '?' in front of it is more likely one of the password than the begin of the query.
  const std::size_t at = uri.rfind('@');
  const std::size_t query = uri.find('?', at == std::string_view::npos ? 0 : at);
  const bool has_query = query != std::string_view::npos;
  uri = uri.substr(0, query);
  std::string shown;
  if (at == std::string_view::npos || at < start) {
    // Without an '@' a ':' may still be followed by a password with a typing mistake behind it.
    const std::size_t colon = uri.find(':', start);
    shown = std::string(uri.substr(0, colon)) + (colon == std::string_view::npos ? "" : ":...");
  } else {
    shown = fmt::format("{}...{}", uri.substr(0, start), uri.substr(at));
  }
  return has_query ? shown + "?..." : shown;
}

std::string shown_word(std::string_view word, std::size_t characters_max) {
  const bool uri = word.find("://") != std::string_view::npos;
  return printable(shortened(uri ? without_userinfo(word) : std::string(word), characters_max));
}

namespace {

std::size_t columns_of(std::uint32_t code_point) {
  struct Range {
    std::uint32_t first;
    std::uint32_t last;
  };
  // Source: Unicode 15, EastAsianWidth.txt (W and F) and DerivedGeneralCategory.txt (Mn), in the
  // large.
  constexpr Range marks[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},
                             {0x610, 0x61a},   {0x64b, 0x65f},   {0x200b, 0x200d},
                             {0x20d0, 0x20f0}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
  constexpr Range wide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
                            {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},
                            {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe4f},
                            {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                            {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
  const auto within = [code_point](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  };
  if (std::any_of(std::begin(marks), std::end(marks), within)) {
    return 0;
  }
  return std::any_of(std::begin(wide), std::end(wide), within) ? 2 : 1;
}

}  // namespace

std::size_t columns(std::string_view text) {
  std::size_t sum = 0;
  while (!text.empty()) {
    const std::optional<CodePoint> code = decode_utf8(text);
    sum += code ? columns_of(code->value) : 1;
    text.remove_prefix(code ? code->bytes : 1);
  }
  return sum;
}

std::string fitted(std::string_view text, std::size_t columns_max) {
  constexpr std::string_view mark = "...";
  const std::size_t before_mark = columns_max - std::min(mark.size(), columns_max);
  std::size_t taken = 0;
  std::size_t bytes_before_mark = 0;
  for (std::size_t bytes = 0; bytes < text.size();) {
    const std::optional<CodePoint> code = decode_utf8(text.substr(bytes));
    taken += code ? columns_of(code->value) : 1;
    if (taken > columns_max) {
      return std::string(text.substr(0, bytes_before_mark)) +
             std::string(mark.substr(0, columns_max));
    }
    bytes += code ? code->bytes : 1;
    if (taken <= before_mark) {
      bytes_before_mark = bytes;
    }
  }
  return std::string(text);
}

}  // namespace miko
