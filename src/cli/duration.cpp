#include "cli/duration.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/text.h"

namespace miko::cli {
namespace {

constexpr double seconds_max = 24 * 60 * 60;
constexpr double bare_number_max = 1000;

/// The number at the front of `text`, which is moved behind it. No sign, exponent or "nan".
std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  const std::size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
  const char* const end = text.data() + size;
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (size == 0 || error != std::errc() || stop != end) {
    return std::nullopt;
  }
  text.remove_prefix(size);
  return number;
}

/// Seconds in the unit at the front of `text`, which is moved behind it.
std::optional<double> take_unit(std::string_view& text) {
  struct Unit {
    std::string_view name;
    double seconds;
  };
  // "ms" before "m": the longer name first.
  constexpr Unit units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
  for (const Unit& unit : units) {
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      return unit.seconds;
    }
  }
  return std::nullopt;
}

}  // namespace

std::chrono::nanoseconds parse_duration(std::string_view what, std::string_view text) {
  const auto fail = [what](std::string_view why, std::string hint = "") {
    return usage_error(fmt::format("{}: {}", what, why),
                       hint.empty() ? "write it like 250ms, 5s, 2m, 1h or 1m30s" : std::move(hint));
  };
  const std::string shown = shown_word(text, 40);
  std::string_view rest = text;
  double seconds = 0;
  do {
    const std::optional<double> number = take_number(rest);
    if (!number) {
      throw fail(fmt::format("'{}' is not a duration", shown));
    }
    const bool bare = rest.empty() && rest.data() == text.data() + text.size() &&
                      text.find_first_of("smh") == std::string_view::npos;
    if (bare && *number >= bare_number_max) {
      throw fail(fmt::format("{} has no unit", shown),
                 fmt::format("did you mean {}ms? a bare number is seconds", shown));
    }
    const std::optional<double> unit = bare ? std::optional(1.0) : take_unit(rest);
    if (!unit) {
      throw fail(fmt::format("'{}' is not a duration", shown));
    }
    seconds += *number * *unit;
  } while (!rest.empty());
  const auto duration = std::chrono::nanoseconds(std::llround(std::min(seconds, 1e6) * 1e9));
  if (duration.count() <= 0) {
    throw fail(fmt::format("'{}' is no time at all", shown));
  }
  if (seconds > seconds_max) {
    throw fail(fmt::format("'{}' is over 24 hours", shown));
  }
  return duration;
}

}  // namespace miko::cli
