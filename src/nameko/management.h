#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nameko/client.h"

namespace miko {

/// One instance of a service: a consumer of its queue.
struct InstanceInfo {
  std::string peer = {};  ///< "HOST:PORT" it is connected from
  std::uint64_t prefetch = 0;
};

/// A queue whose messages a handler takes: what the broker's statistics say.
struct QueueInfo {
  std::string name = {};
  std::uint64_t consumers = 0;
  std::uint64_t ready = 0;           ///< messages that wait
  std::uint64_t unacknowledged = 0;  ///< messages that are being worked on, or prefetched
  double publish_rate = 0;           ///< messages in a second
  double deliver_rate = 0;
};

struct ServiceInfo {
  std::string service = {};
  QueueInfo queue = {};
  std::vector<InstanceInfo> instances = {};
};

enum class HandlerKind { service_pool, singleton, broadcast, other };

/// Who gets an event.
struct EventHandlerInfo {
  std::string source = {};   ///< the service that dispatches it
  std::string event = {};    ///< its type
  std::string handler = {};  ///< "SERVICE.METHOD", empty for a singleton and what is no handler
  HandlerKind kind = HandlerKind::service_pool;
  QueueInfo queue = {};
};

struct Overview {
  std::vector<ServiceInfo> services = {};       ///< by name
  std::vector<EventHandlerInfo> handlers = {};  ///< by source, event and queue
};

/// What the texts of the HTTP API say: /api/queues, /api/consumers and /api/bindings of a vhost.
/// Throws Error{bad_reply}.
[[nodiscard]] Overview read_overview(std::string_view exchange, std::string_view queues,
                                     std::string_view consumers, std::string_view bindings);

/// The services whose own queues are bound to the RPC exchange, by name, as the list of what is
/// bound to it says. Throws Error{bad_reply}.
[[nodiscard]] std::vector<std::string> read_service_names(std::string_view bindings);

/// RabbitMQ's management HTTP API, with the user of the broker, who needs the tag `monitoring` or
/// `management`. Its statistics are up to five seconds old.
class Management {
 public:
  /// `url`: where the API is, such as "http://HOST:15672"; without it on the broker's host, port
  /// 15672, or 15671 with TLS. Throws Error{usage, unreachable}.
  Management(const Options& options, const std::optional<std::string>& url);
  ~Management();
  Management(const Management&) = delete;
  Management& operator=(const Management&) = delete;

  /// Throws Error{unreachable, denied, bad_reply, interrupted}.
  [[nodiscard]] Overview overview(Clock::time_point until);

  /// The names of the services alone, by one cheap question. Throws as overview() does, and
  /// Error{unknown_service} where there is no RPC exchange.
  [[nodiscard]] std::vector<std::string> service_names(Clock::time_point until);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace miko
