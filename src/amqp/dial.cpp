#include "amqp/dial.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "base/text.h"

namespace miko::amqp {
namespace {

Error unreachable(std::string message, std::string hint = {}) {
  return Error(
      {.kind = ErrorKind::unreachable, .message = std::move(message), .hint = std::move(hint)});
}

struct Lookup {
  std::string host = {};
  std::string port = {};
  UniqueFd done = {};  ///< closing it wakes the waiting side
  int status = 0;
  std::vector<Address> addresses = {};
};

void look_up(Lookup& lookup, int flags) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  lookup.status = ::getaddrinfo(lookup.host.c_str(), lookup.port.c_str(), &hints, &found);
  if (lookup.status != 0) {
    return;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address address = {.length = one->ai_addrlen};
    std::memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    char text[NI_MAXHOST] = "";
    ::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
    address.text = text;
    lookup.addresses.push_back(std::move(address));
  }
}

std::vector<Address> look_up_number(const std::string& host, std::uint16_t port) {
  Lookup lookup = {.host = host, .port = std::to_string(port)};
  look_up(lookup, AI_NUMERICHOST | AI_NUMERICSERV);
  return std::move(lookup.addresses);
}

std::vector<Address> look_up_name(const Loop& loop, const std::string& host, std::uint16_t port,
                                  Clock::time_point until) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw Error({.message = fmt::format("cannot make a pipe: {}", std::strerror(errno))});
  }
  const UniqueFd read_end(ends[0]);
  const auto lookup = std::make_shared<Lookup>(
      Lookup{.host = host, .port = std::to_string(port), .done = UniqueFd(ends[1])});
  try {
    // The thread may outlive the wait; it owns its share of everything it touches.
    std::thread([lookup] {
      look_up(*lookup, AI_NUMERICSERV);
      const UniqueFd wake = std::move(lookup->done);
    }).detach();
  } catch (const std::system_error& error) {
    throw Error(
        {.message = fmt::format("cannot start a thread to resolve names: {}", error.what())});
  }
  if (loop.wait(read_end.get(), POLLIN, until) == 0) {
    throw unreachable(fmt::format("resolving {} timed out", printable(host)));
  }
  if (lookup->status != 0) {
    throw unreachable(
        fmt::format("cannot resolve {}: {}", printable(host), ::gai_strerror(lookup->status)),
        "check the broker's host name: --host, --broker or AMQP_URI");
  }
  return std::move(lookup->addresses);
}

/// Connects or says why not; an empty reason is success.
std::string connect_to(const Loop& loop, const Address& address, Clock::time_point until,
                       UniqueFd& connected) {
  UniqueFd socket(
      ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) {
    return std::strerror(errno);
  }
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
  int error = 0;
  if (::connect(socket.get(), target, address.length) != 0) {
    error = errno;
  }
  if (error == EINPROGRESS) {
    if (loop.wait(socket.get(), POLLOUT, until) == 0) {
      return "connect timed out";
    }
    socklen_t length = sizeof(error);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  }
  if (error != 0) {
    return error == ECONNREFUSED ? "connection refused" : std::strerror(error);
  }
  connected = std::move(socket);
  return {};
}

}  // namespace

std::vector<Address> resolve(const Loop& loop, const std::string& host, std::uint16_t port,
                             Clock::time_point until) {
  if (host == "localhost") {
    std::vector<Address> addresses = look_up_number("127.0.0.1", port);
    const std::vector<Address> six = look_up_number("::1", port);
    addresses.insert(addresses.end(), six.begin(), six.end());
    return addresses;
  }
  std::vector<Address> addresses = look_up_number(host, port);
  return addresses.empty() ? look_up_name(loop, host, port, until) : addresses;
}

UniqueFd dial(const Loop& loop, const std::vector<Address>& addresses, std::string_view broker,
              Clock::time_point until) {
  std::string first_reason = "it has no address";
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const Clock::time_point now = Clock::now();
    const auto left = static_cast<Clock::rep>(addresses.size() - i);
    UniqueFd connected;
    const std::string reason =
        connect_to(loop, addresses[i], now + Deadline(until).remaining(now) / left, connected);
    if (connected) {
      return connected;
    }
    if (i == 0) {
      first_reason = reason;
    }
  }
  throw unreachable(fmt::format("cannot connect to {}: {}", broker, first_reason),
                    "is RabbitMQ running there? --broker, --host and --port say where to look");
}

}  // namespace miko::amqp
