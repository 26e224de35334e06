#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "support/peer.h"

namespace miko::test {

/// An AMQP server on loopback that does what its script says, in a thread for each connection.
///
///   FakeServer server([](Peer& peer) {
///     peer.log_in();
///     const Request request = peer.read_request();
///     peer.reply(request, R"({"result": 1, "error": null})");
///     peer.answer_close();
///   });
///
/// An exception in a script is a failure of the test. The destructor ends all scripts.
class FakeServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit FakeServer(Script script);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// "amqp://miko:m4rker-Secret@127.0.0.1:PORT/": a password that miko must not print
  [[nodiscard]] std::string uri() const;
  /// Connections accepted so far.
  [[nodiscard]] int connections() const;
  /// All messages published so far, on all connections.
  [[nodiscard]] std::vector<Request> requests() const { return journal_.requests(); }
  /// Waits until the script of each connection accepted so far has ended.
  void join();

 private:
  void accept_all();
  void perform(UniqueFd socket, int number);

  Script script_;
  UniqueFd stop_;
  UniqueFd listener_;
  int port_ = 0;
  Journal journal_;
  mutable std::mutex mutex_;
  std::vector<std::thread> performers_;
  int connections_ = 0;
  std::thread acceptor_;
};

/// A socket listening on a free port of 127.0.0.1, with room for `backlog` connections.
UniqueFd listen_on_loopback(int backlog);
int port_of(const UniqueFd& socket);
/// A port on which nobody listened a moment ago.
int unused_port();

}  // namespace miko::test
