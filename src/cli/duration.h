#pragma once

#include <chrono>
#include <string_view>

namespace miko::cli {

/// Reads "250ms", "5s", "2m", "1h", "1m30s", "1.5s"; a bare number is seconds.
/// Throws Error{usage} naming `what` for anything else: not a duration, zero, negative, over 24
/// hours, or a bare number of 1000 or more, which somebody meant as milliseconds.
[[nodiscard]] std::chrono::nanoseconds parse_duration(std::string_view what, std::string_view text);

}  // namespace miko::cli
