// What a Connection says when it ends, and what that proves.

#include <fmt/format.h>

#include "amqp/connection.h"
#include "amqp/status.h"

namespace miko::amqp {

std::optional<std::string> Connection::login_pending() const {
  if (!setup_) {
    return "not connected";
  }
  switch (setup_->phase()) {
    case Setup::Phase::greeting:
      return inbox_.empty() ? "no AMQP greeting" : "half a greeting";
    case Setup::Phase::login:
    case Setup::Phase::opening:
      return "no answer to the login";
    case Setup::Phase::opened:
    case Setup::Phase::ready:
      return std::nullopt;
  }
  return std::nullopt;
}

Error Connection::lost(const std::string& why) const {
  const std::optional<std::string> pending = login_pending();
  if (pending && transport_->certificate_refused()) {
    return Error({.kind = ErrorKind::denied,
                  .message = fmt::format("{} refused the client certificate: {}", address(), why),
                  .hint = "--cert and --key name a certificate of one's own"});
  }
  if (!pending) {
    return Error({.kind = ErrorKind::connection_lost,
                  .message = fmt::format("the connection to {} was lost: {}", address(), why),
                  .executed = Executed::maybe});
  }
  const bool greeted = setup_ && setup_->phase() != Setup::Phase::greeting;
  return Error({.kind = ErrorKind::unreachable,
                .message = fmt::format("the login at {} did not succeed: {}", address(), why),
                .executed = Executed::maybe,
                .hint = greeted
                            ? "some brokers close without a word when user or password are wrong"
                            : "is this the AMQP port, and one without TLS? 5672 usually, 5671 with "
                              "TLS (amqps:// or --tls)"});
}

Error Connection::closed_by_broker(const method::Close& close) const {
  Error error = close_error(close, endpoint().user);
  if (ready() && close.whole_connection) {
    // Too late to prove anything about the requests.
    Failure failure = error.failure();
    failure.executed = Executed::maybe;
    return Error(std::move(failure));
  }
  if (error.kind() != ErrorKind::connection_lost || !login_pending()) {
    return error;
  }
  // The broker speaks in order: what it refuses before open-ok, it has not looked behind.
  return Error({.kind = ErrorKind::unreachable, .message = error.what()});
}

}  // namespace miko::amqp
