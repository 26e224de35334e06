#include "support/fake_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "support/secrets.h"

namespace miko::test {
namespace {

int checked(int result, const char* what) {
  if (result < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return result;
}

/// The sockets API takes every kind of address by a pointer to the common part.
sockaddr* common(sockaddr_in& address) {
  return reinterpret_cast<sockaddr*>(&address);  // NOLINT(*-reinterpret-cast)
}

}  // namespace

UniqueFd listen_on_loopback(int backlog) {
  UniqueFd result(checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  checked(::bind(result.get(), common(address), sizeof address), "bind");
  checked(::listen(result.get(), backlog), "listen");
  return result;
}

int port_of(const UniqueFd& socket) {
  sockaddr_in address = {};
  socklen_t size = sizeof address;
  checked(::getsockname(socket.get(), common(address), &size), "getsockname");
  return ::ntohs(address.sin_port);
}

int unused_port() {
  return port_of(listen_on_loopback(1));
}

FakeServer::FakeServer(Script script)
    : script_(std::move(script)),
      stop_(checked(::eventfd(0, EFD_CLOEXEC), "eventfd")),
      listener_(listen_on_loopback(SOMAXCONN)),
      port_(port_of(listener_)),
      acceptor_([this] { accept_all(); }) {}

FakeServer::~FakeServer() {
  ::eventfd_write(stop_.get(), 1);
  acceptor_.join();
  join();
}

std::string FakeServer::uri() const {
  return "amqp://miko:" + std::string(marker_password) + "@127.0.0.1:" + std::to_string(port_) +
         "/";
}

int FakeServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void FakeServer::join() {
  std::vector<std::thread> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(performers_);
  }
  for (std::thread& each : ending) {
    each.join();
  }
}

void FakeServer::accept_all() {
  while (true) {
    std::array<pollfd, 2> fds = {{
        {.fd = listener_.get(), .events = POLLIN, .revents = 0},
        {.fd = stop_.get(), .events = POLLIN, .revents = 0},
    }};
    ::poll(fds.data(), fds.size(), -1);
    if (fds[1].revents != 0) {
      return;
    }
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) {
      continue;
    }
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    performers_.emplace_back([this, number = connections_, taken = std::move(socket)]() mutable {
      perform(std::move(taken), number);
    });
    ++connections_;
  }
}

void FakeServer::perform(UniqueFd socket, int number) {
  Peer peer(std::move(socket), stop_.get(), number, journal_);
  try {
    script_(peer);
    peer.finish();
  } catch (const ScriptEnded&) {
    // The client went away, or the test is over.
  } catch (const std::exception& error) {
    ADD_FAILURE() << "script of the fake server, connection " << number << ": " << error.what();
  }
}

}  // namespace miko::test
