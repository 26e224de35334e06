#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "nameko/client.h"
#include "nameko/inspector.h"

namespace miko::cli {

/// What has to be there before something can go on.
struct Wanted {
  std::vector<std::string> services = {};  ///< none: the broker alone
  std::uint32_t instances = 1;             ///< of each
};

/// What was there in the end.
struct Awaited {
  std::string broker = {};                ///< "HOST:PORT"
  std::vector<ServiceState> states = {};  ///< in the order of Wanted::services
};

/// Asks the broker, at growing intervals up to a second, until everything is there. A broker that
/// is not up yet, or goes away meanwhile, is tried again as well. Throws Error{timeout} that says
/// what is missing, with nothing run; and what no waiting mends: usage, denied, interrupted.
[[nodiscard]] Awaited await_services(const Options& options, const Wanted& wanted,
                                     Clock::time_point until);

/// "orders was never deployed here, payments has 1 of 2 instances"; empty if nothing is missing.
[[nodiscard]] std::string missing_text(const Wanted& wanted,
                                       const std::vector<ServiceState>& states);

}  // namespace miko::cli
