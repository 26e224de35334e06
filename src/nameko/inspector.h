#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "nameko/client.h"
#include "nameko/service_state.h"

namespace miko {

/// Asks a broker about services. That changes nothing, and no service notices. It takes no rights
/// but the login; with RabbitMQ 4.2.6 or newer any permission on the queue of the service. After an
/// Error (but usage) it is of no use any more: make another one.
class Inspector {
 public:
  /// Throws Error{usage}.
  explicit Inspector(const Options& options);
  ~Inspector();
  Inspector(Inspector&& other) noexcept;
  Inspector& operator=(Inspector&& other) noexcept;

  /// Connects and logs in, if that is not done.
  /// Throws Error (unreachable, denied, interrupted, connection_lost).
  void log_in(Clock::time_point until);

  /// Logs in if that is not done, and asks. Throws Error as log_in() does, usage for a name that no
  /// service can have, denied if the broker does not show this user the queue, and timeout.
  [[nodiscard]] ServiceState inspect(std::string_view service, Clock::time_point until);

  /// Waits, with the connection kept alive. log_in() must have run. Throws Error{interrupted,
  /// connection_lost}.
  void rest(Clock::time_point until);

  /// "HOST:PORT" of the broker in use.
  [[nodiscard]] std::string address() const;

  /// Says goodbye to the broker. Throws only Error{interrupted}.
  void close(Clock::duration at_most = std::chrono::seconds(1));

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace miko
