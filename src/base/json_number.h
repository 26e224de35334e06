#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace miko {

/// A number of JSON by what it stands for, whatever its size: 1.10, 1.1 and 11e-1 are one.
/// NaN is unordered; Infinity is above and -Infinity below everything else. Powers of ten beyond
/// 2^60 are not told apart.
struct JsonNumber {
  enum class Kind { finite, infinite, nan };
  Kind kind = Kind::finite;
  bool negative = false;
  std::string digits = {};  ///< without zeros around them; empty for zero
  long long exponent = 0;   ///< power of ten behind the digits

  /// Reads a checked token.
  [[nodiscard]] static JsonNumber parse(std::string_view token);

  [[nodiscard]] std::partial_ordering operator<=>(const JsonNumber& other) const;
  [[nodiscard]] bool operator==(const JsonNumber& other) const {
    return std::is_eq(*this <=> other);
  }
};

}  // namespace miko
