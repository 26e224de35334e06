#include "amqp/transport.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "amqp/dial.h"
#include "base/error.h"

namespace miko::amqp {
namespace {

Error handshake_error(const TlsSession& tls, const Endpoint& endpoint, const std::string& why) {
  if (tls.certificate_refused()) {
    return Error({.kind = ErrorKind::denied,
                  .message = fmt::format("the certificate of {} is not accepted: {}",
                                         endpoint.address(), why),
                  .hint = "--cacert FILE names the authority to trust, --servername the name to "
                          "expect"});
  }
  const bool plain = why.find("wrong version number") != std::string::npos;
  return Error(
      {.kind = ErrorKind::unreachable,
       .message = fmt::format("TLS with {} failed: {}", endpoint.address(), why),
       .hint = plain ? "is this a port without TLS? amqp:// usually is 5672, amqps:// 5671" : ""});
}

void shake_hands(const Loop& loop, TlsSession& tls, int socket, const Endpoint& endpoint,
                 Clock::time_point until) {
  while (true) {
    const TlsStep step = tls.handshake();
    if (step.closed || !step.failure.empty()) {
      throw handshake_error(tls, endpoint, step.closed ? "the peer closed it" : step.failure);
    }
    if (step.wait_for == 0) {
      return;
    }
    if (loop.wait(socket, step.wait_for, until) == 0 || Clock::now() >= until) {
      throw Error({.kind = ErrorKind::unreachable,
                   .message = fmt::format("TLS with {} timed out", endpoint.address()),
                   .hint = "is this a port without TLS? amqp:// usually is 5672, amqps:// 5671"});
    }
  }
}

bool is_loopback(int socket) {
  sockaddr_storage peer = {};
  socklen_t length = sizeof(peer);
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &length) != 0) {
    return false;
  }
  if (peer.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(peer).sin_addr;
    return (ntohl(address.s_addr) >> 24) == IN_LOOPBACKNET;
  }
  const auto& address = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
  return peer.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address);
}

Io from_tls(TlsStep step) {
  return {.bytes = step.bytes,
          .wait_for = step.wait_for,
          .more = step.bytes > 0,
          .closed = step.closed ? "the broker closed the connection" : std::move(step.failure)};
}

Io from_system(ssize_t result, short event) {
  if (result > 0) {
    return {.bytes = static_cast<std::size_t>(result)};
  }
  if (result == 0) {
    return {.closed = "the broker closed the connection"};
  }
  if (errno == EAGAIN || errno == EINTR) {
    return {.wait_for = event};
  }
  return {.closed = errno == ECONNRESET || errno == EPIPE ? "the broker reset the connection"
                                                          : std::strerror(errno)};
}

}  // namespace

Transport Transport::open(const Loop& loop, const Endpoint& endpoint, Clock::time_point until,
                          const Trace& trace) {
  std::optional<TlsSession> tls;
  if (endpoint.tls) {
    tls.emplace(endpoint.tls_options, endpoint.host);
  }
  const std::vector<Address> addresses =
      resolve(loop, endpoint.host, endpoint.effective_port(), until);
  trace("resolve", addresses.empty() ? "" : addresses.front().text);
  UniqueFd socket = dial(loop, addresses, endpoint.address(), until);
  trace("connect", endpoint.address());
  if (!tls && !is_loopback(socket.get())) {
    trace("plain", fmt::format("user and password go to {} without TLS", endpoint.address()));
  }
  if (tls) {
    tls->attach(socket.get());
    shake_hands(loop, *tls, socket.get(), endpoint, until);
    trace("tls", tls->version());
  }
  return {std::move(socket), std::move(tls)};
}

Io Transport::read(char* bytes, std::size_t size) {
  if (tls_) {
    return from_tls(tls_->read(bytes, size));
  }
  Io io = from_system(::recv(socket_.get(), bytes, size, 0), POLLIN);
  io.more = io.bytes == size;
  return io;
}

Io Transport::write(std::string_view bytes) {
  if (tls_) {
    return from_tls(tls_->write(bytes));
  }
  return from_system(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), POLLOUT);
}

}  // namespace miko::amqp
