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

/// The bytes at `at` as a number, the first one lowest.
template <class Word>
[[nodiscard]] Word load_word(const char* at) {
  Word word = 0;
  std::memcpy(&word, at, sizeof(word));
  if constexpr (std::endian::native == std::endian::big) {
    return sizeof(word) == sizeof(std::uint64_t) ? __builtin_bswap64(word)
                                                 : __builtin_bswap32(word);
  }
  return word;
}

/// Up to seven bytes as a number, the first one lowest, with zeros above.
[[nodiscard]] inline std::uint64_t short_word(std::string_view bytes) {
  const std::size_t size = bytes.size();
  if (size >= sizeof(std::uint32_t)) {
    // The two overlap, and agree there.
    const std::size_t second = size - sizeof(std::uint32_t);
    return load_word<std::uint32_t>(bytes.data()) |
           std::uint64_t{load_word<std::uint32_t>(bytes.data() + second)} << (8 * second);
  }
  const auto byte = [bytes](std::size_t at) {
    return std::uint64_t{static_cast<unsigned char>(bytes[at])} << (8 * at);
  };
  return size == 0 ? 0 : byte(0) | byte(size / 2) | byte(size - 1);
}

/// How many bytes at the front of `text` are printable ASCII other than '"' and '\\', which stand
/// for themselves inside of JSON strings. Eight at a time.
[[nodiscard]] inline std::size_t plain_prefix(std::string_view text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = ones << 7;
  // The top bit of each byte that is another one, maybe also of those above it.
  const auto others = [](std::uint64_t word) {
    const auto zeros = [](std::uint64_t value) { return (value - ones) & ~value; };
    const std::uint64_t controls = (word - ones * 0x20) & ~word;
    const std::uint64_t above_tilde = word | (word + ones);
    return (controls | above_tilde | zeros(word ^ ones * '"') | zeros(word ^ ones * '\\')) & tops;
  };
  // Below the lowest of them there is no carry, so that one is exact.
  const auto first = [](std::uint64_t bits) {
    return static_cast<std::size_t>(std::countr_zero(bits)) / 8;
  };
  std::size_t at = 0;
  for (; at + sizeof(std::uint64_t) <= text.size(); at += sizeof(std::uint64_t)) {
    const std::uint64_t bits = others(load_word<std::uint64_t>(text.data() + at));
    if (bits != 0) {
      return at + first(bits);
    }
  }
  // A zero is a control, so the search ends at the end of the text.
  return at + first(others(short_word(text.substr(at))));
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
