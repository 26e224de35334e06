#include "base/json_number.h"

#include <algorithm>
#include <charconv>

namespace miko {
namespace {

constexpr long long exponent_max = 1LL << 60;

long long read_exponent(std::string_view text) {
  text.remove_prefix(text.starts_with('+') ? 1 : 0);
  long long exponent = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), exponent).ec ==
      std::errc::result_out_of_range) {
    exponent = text.starts_with('-') ? -exponent_max : exponent_max;
  }
  return std::clamp(exponent, -exponent_max, exponent_max);
}

int sign(const JsonNumber& number) {
  const bool zero = number.kind == JsonNumber::Kind::finite && number.digits.empty();
  return zero ? 0 : number.negative ? -1 : 1;
}

std::strong_ordering compare_sizes(const JsonNumber& one, const JsonNumber& other) {
  if (one.kind != other.kind) {
    return one.kind == JsonNumber::Kind::infinite ? std::strong_ordering::greater
                                                  : std::strong_ordering::less;
  }
  const auto power = [](const JsonNumber& number) {
    return number.exponent + static_cast<long long>(number.digits.size());
  };
  const std::strong_ordering by_power = power(one) <=> power(other);
  return std::is_neq(by_power) ? by_power : one.digits.compare(other.digits) <=> 0;
}

}  // namespace

JsonNumber JsonNumber::parse(std::string_view token) {
  if (token == "NaN") {
    return {.kind = Kind::nan};
  }
  JsonNumber result = {.negative = token.starts_with('-')};
  token.remove_prefix(result.negative ? 1 : 0);
  if (token == "Infinity") {
    result.kind = Kind::infinite;
    return result;
  }
  const std::size_t e = std::min(token.find_first_of("eE"), token.size());
  result.exponent = read_exponent(token.substr(std::min(e + 1, token.size())));
  const std::string_view mantissa = token.substr(0, e);
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  result.digits = mantissa.substr(0, point);
  if (point < mantissa.size()) {
    result.digits += mantissa.substr(point + 1);
    result.exponent -= static_cast<long long>(mantissa.size() - point - 1);
  }
  result.digits.erase(0, std::min(result.digits.find_first_not_of('0'), result.digits.size()));
  while (result.digits.ends_with('0')) {
    result.digits.pop_back();
    ++result.exponent;
  }
  return result.digits.empty() ? JsonNumber() : result;
}

std::partial_ordering JsonNumber::operator<=>(const JsonNumber& other) const {
  if (kind == Kind::nan || other.kind == Kind::nan) {
    return std::partial_ordering::unordered;
  }
  if (sign(*this) != sign(other)) {
    return sign(*this) <=> sign(other);
  }
  return negative ? compare_sizes(other, *this) : compare_sizes(*this, other);
}

}  // namespace miko
