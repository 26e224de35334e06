#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace miko {

/// The code point at the front of `text` and the bytes it takes (1 to 4).
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 0;
};

/// Nothing if `text` is empty or does not begin with well-formed UTF-8.
[[nodiscard]] std::optional<CodePoint> decode_utf8(std::string_view text);

void append_utf8(std::string& out, std::uint32_t code_point);

/// How many bytes at the front of `text` are printable ASCII other than '"' and '\\', which stand
/// for themselves inside of JSON strings. Eight at a time.
[[nodiscard]] inline std::size_t plain_prefix(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = ones << 7;
  // The top bit of a byte that is zero, maybe also of those above it.
  const auto zeros = [](std::uint64_t word) { return (word - ones) & ~word; };
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof(word) <= text.size(); at += sizeof(word)) {
    std::memcpy(&word, text.data() + at, sizeof(word));
    const std::uint64_t controls = (word - ones * 0x20) & ~word;
    const std::uint64_t above_tilde = word | (word + ones);
    const std::uint64_t others =
        (controls | above_tilde | zeros(word ^ ones * '"') | zeros(word ^ ones * '\\')) & tops;
    if (others != 0) {
      // Below the lowest of them there is no carry, so that one is exact.
      if constexpr (std::endian::native == std::endian::little) {
        return at + static_cast<std::size_t>(std::countr_zero(others)) / 8;
      }
      break;
    }
  }
  const auto plain = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
  while (at < text.size() && plain(text[at])) {
    ++at;
  }
  return at;
}

/// Whether a terminal may act on it or a reader be deceived by it: C0 controls, DEL, C1 controls
/// and the bidirectional controls U+202A to U+202E, U+2066 to U+2069, U+200E, U+200F and U+061C.
[[nodiscard]] bool is_terminal_control(std::uint32_t code_point);

/// Foreign text made safe to show: controls and bytes that are not UTF-8 become "\x1b" or
/// "\u202e"; blanks, newlines included, stay on one line as "\n".
[[nodiscard]] std::string printable(std::string_view text);

/// `uri` without what may be a password: everything between "://" and the last "@", and the query.
[[nodiscard]] std::string without_userinfo(std::string_view uri);

/// A word somebody typed, fit to be repeated: printable(), shortened, and without_userinfo() if it
/// looks like a URI.
[[nodiscard]] std::string shown_word(std::string_view word, std::size_t characters_max);

/// The first `characters_max` characters of `text`, with "..." if that cut something off.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t characters_max);

/// How many columns of a terminal `text`, which is printable(), takes: wide characters of East Asia
/// and emoji take two, combining marks none.
[[nodiscard]] std::size_t columns(std::string_view text);

/// The beginning of `text` that fits `columns_max` columns, with "..." in them if that cut
/// something off.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns_max);

}  // namespace miko
