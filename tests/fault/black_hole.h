#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "support/fake_server.h"

namespace miko::test {

/// A port on which connecting takes for ever: the queue of a listener that accepts nobody is full.
class BlackHole {
 public:
  /// `host` is an address of loopback, such as 127.0.0.2; port 0 is a free one.
  explicit BlackHole(const std::string& host = "127.0.0.1", int port = 0)
      : host_(host), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    EXPECT_EQ(::inet_pton(AF_INET, host.c_str(), &address.sin_addr), 1);
    address.sin_port = ::htons(static_cast<std::uint16_t>(port));
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), generic, sizeof address), 0);
    EXPECT_EQ(::listen(listener_.get(), 0), 0);
    address.sin_port = ::htons(static_cast<std::uint16_t>(port_of(listener_)));
    for (UniqueFd& each : waiting_) {
      each = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      static_cast<void>(::connect(each.get(), generic, sizeof address));
    }
  }

  [[nodiscard]] std::string uri() const {
    return "amqp://" + host_ + ":" + std::to_string(port_of(listener_)) + "/";
  }

 private:
  std::string host_;
  UniqueFd listener_;
  std::array<UniqueFd, 4> waiting_ = {};
};

}  // namespace miko::test
