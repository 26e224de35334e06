#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "nameko/tap.h"

namespace miko::cli {

/// Which exchanges somebody wants to see: those of which everything is true that was asked for.
struct TapFilter {
  bool errors = false;  ///< an exception, a reply that cannot be read, or none
  std::optional<std::chrono::nanoseconds> slow = std::nullopt;  ///< took that long or longer
  /// A shell pattern for the method, or with a dot for "SERVICE.METHOD"; empty for any.
  std::string method = {};
  /// To be found in arguments, result or exception as a whole line shows them; empty for any.
  std::string text = {};

  [[nodiscard]] bool passes(const Exchange& exchange) const;
};

}  // namespace miko::cli
