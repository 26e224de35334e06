#pragma once

#include <cstdint>
#include <string_view>

namespace miko::cli {

/// How many calls a command may have in flight.
inline constexpr std::uint64_t in_flight_max = 1000;

/// Reads a whole number from `least` to `most`; "10k" and "2M" are 10,000 and 2,000,000.
/// Throws Error{usage} naming `what` for anything else.
[[nodiscard]] std::uint64_t parse_count(std::string_view what, std::string_view text,
                                        std::uint64_t least, std::uint64_t most);

/// Throws Error{usage} naming `what` for what is no port.
[[nodiscard]] std::uint16_t parse_port(std::string_view what, std::string_view text);

}  // namespace miko::cli
