#pragma once

#include <cstdint>
#include <string>

namespace miko {

/// What the broker knows of a service: the queue its instances take requests from.
struct ServiceState {
  bool deployed = false;        ///< the queue exists: an instance has run here at some time
  std::uint32_t instances = 0;  ///< running now
  std::uint32_t ready = 0;      ///< requests that wait for an instance
  /// The broker does not show this user the queue, so all of the above is unknown.
  bool hidden = false;
};

/// "2 instances, 14 requests waiting".
[[nodiscard]] std::string counts_text(const ServiceState& state);

/// Why a call of a service in this state has no reply: "no instance is running, 14 calls waiting".
[[nodiscard]] std::string explain_silence(const ServiceState& state);

/// What to do about that, unless it is hidden. `expires`: the request leaves the queue when its
/// caller gives up.
[[nodiscard]] std::string advice(const ServiceState& state, bool expires);

}  // namespace miko
