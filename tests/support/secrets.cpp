#include "support/secrets.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace miko::test {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const std::string_view digits = text.substr(std::min(i + 1, text.size()), 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (text[i] == '%' && error == std::errc() && end == digits.data() + 2) {
      result += static_cast<char>(value);
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// The characters of base64 that `secret` alone determines when `before` bytes, 0 to 2, share its
/// first group.
std::string base64_core(std::string_view secret, std::size_t before) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  unsigned bits = 0;
  unsigned count = 0;
  for (const char c : std::string(before, '\0') + std::string(secret)) {
    bits = (bits << 8U) | static_cast<std::uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) {
      result += alphabet[(bits >> (count - 6)) & 63U];
    }
  }
  return result.substr(before == 0 ? 0 : before + 1);
}

}  // namespace

std::string form_shown(std::string_view secret, std::string_view text) {
  if (text.find(secret) != std::string_view::npos) {
    return "plain";
  }
  if (percent_decoded(text).find(secret) != std::string::npos) {
    return "percent-encoded";
  }
  std::string standard(text);  // and not the alphabet for URLs
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  for (const std::size_t before : {0U, 1U, 2U}) {
    if (standard.find(base64_core(secret, before)) != std::string::npos) {
      return "base64";
    }
  }
  return "";
}

}  // namespace miko::test
