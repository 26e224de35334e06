#pragma once

#include <string>
#include <vector>

#include "nameko/management.h"
#include "nameko/service_state.h"

namespace miko::cli {

/// A service and what was found out about it.
struct ServiceRow {
  std::string service = {};
  ServiceState state = {};
  /// What only the management API knows.
  std::optional<ServiceInfo> info = std::nullopt;
  std::vector<EventHandlerInfo> handles = {};  ///< events that the service handles
  std::vector<EventHandlerInfo> events = {};   ///< its own events, and who handles them
};

/// What the API says about the services named, or about all of them if none is.
[[nodiscard]] std::vector<ServiceRow> rows_of(const Overview& overview,
                                              const std::vector<std::string>& names);

/// [{"service", "deployed", "instances", "ready"}], and with the management API "unacknowledged",
/// "publish_rate", "deliver_rate", "peers": [{"address", "prefetch"}], "handles": [{"source",
/// "event", "handler", "kind", "queue", "instances", "ready", "unacknowledged"}] and "events": the
/// same.
[[nodiscard]] std::string services_json(const std::vector<ServiceRow>& rows);

/// The same for eyes; `details` adds instances and events below.
[[nodiscard]] std::string services_table(const std::vector<ServiceRow>& rows, bool details,
                                         bool colour);

}  // namespace miko::cli
