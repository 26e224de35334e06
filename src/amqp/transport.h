#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "amqp/tls.h"
#include "amqp/uri.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"

namespace miko::amqp {

/// What one attempt to read or write came to.
struct Io {
  std::size_t bytes = 0;
  short wait_for = 0;       ///< POLLIN or POLLOUT when it would have had to wait
  bool more = false;        ///< of a read: there may be more to read already
  std::string closed = {};  ///< not empty: the line is down, and why
};

/// Bytes to and from a broker, over TCP or TLS over TCP. Reading and writing never wait.
class Transport {
 public:
  /// Reports a finished step ("resolve", "connect", "tls") and what came of it; "plain" before a
  /// password goes to another machine without TLS.
  using Trace = std::function<void(std::string_view step, std::string_view detail)>;

  /// Resolves, connects and shakes hands before `until`.
  /// Throws Error{usage, unreachable, denied, interrupted}.
  static Transport open(const Loop& loop, const Endpoint& endpoint, Clock::time_point until,
                        const Trace& trace);

  [[nodiscard]] Io read(char* bytes, std::size_t size);
  [[nodiscard]] Io write(std::string_view bytes);
  /// Whether the line went down because the broker does not accept our certificate.
  [[nodiscard]] bool certificate_refused() const { return tls_ && tls_->certificate_refused(); }
  /// The broker's; nothing without TLS.
  [[nodiscard]] std::optional<Certificate> certificate() const {
    return tls_ ? tls_->certificate() : std::nullopt;
  }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  Transport(UniqueFd socket, std::optional<TlsSession> tls)
      : socket_(std::move(socket)), tls_(std::move(tls)) {}

  UniqueFd socket_;
  std::optional<TlsSession> tls_;
};

}  // namespace miko::amqp
