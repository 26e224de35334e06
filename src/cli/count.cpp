#include "cli/count.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"

namespace miko::cli {

std::uint64_t parse_count(std::string_view what, std::string_view text, std::uint64_t least,
                          std::uint64_t most) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
  const std::uint64_t factor = unit.empty() ? 1 : unit == "k" ? 1000 : unit == "M" ? 1'000'000 : 0;
  if (error != std::errc() || factor == 0 || number > most / factor || number * factor < least) {
    throw usage_error(fmt::format("{} is not a whole number from {} to {}", what, least, most));
  }
  return number * factor;
}

std::uint16_t parse_port(std::string_view what, std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc() || stop != end || port == 0) {
    throw usage_error(fmt::format("{} is not a port from 1 to 65535", what));
  }
  return port;
}

}  // namespace miko::cli
