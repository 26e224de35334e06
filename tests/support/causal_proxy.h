#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace miko::test {

enum class Direction { to_server, to_client };

enum class CutBy { close, reset, silence };

/// Ends a connection once this many bytes have gone in one direction.
struct Cut {
  Direction direction = Direction::to_server;
  std::size_t after_bytes = 0;
  /// With silence nothing more is forwarded in either direction, and the sockets stay open.
  CutBy by = CutBy::close;
};

struct CausalProxyOptions {
  int server_port = 0;
  /// Each way. Must exceed the time the client thinks between two sends of one flight.
  std::chrono::milliseconds delay = std::chrono::milliseconds(25);
  std::optional<Cut> cut = std::nullopt;
};

/// A TCP proxy on loopback that counts round trips by cause and effect, whatever the machine's
/// speed.
///
/// What the client sends has depth 1 + the depth of the last thing delivered to it; what the server
/// sends has the depth of the last thing delivered to the server. So a depth is the number of round
/// trips that had to happen one after the other; TCP's own, which the proxy answers at once, is not
/// counted.
class CausalProxy {
 public:
  explicit CausalProxy(CausalProxyOptions options);
  ~CausalProxy();
  CausalProxy(const CausalProxy&) = delete;
  CausalProxy& operator=(const CausalProxy&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const;
  /// Depth of the delivered server bytes that first completed `text`, on the first connection that
  /// has it; 0 if none has.
  [[nodiscard]] int depth_of(std::string_view text) const;
  /// Depth of the last thing delivered to a client: round trips in all, with those of a polite
  /// goodbye. The maximum over all connections.
  [[nodiscard]] int final_depth() const;
  /// Bytes that went through so far, over all connections.
  [[nodiscard]] std::size_t bytes(Direction direction) const;

 private:
  struct Flow;
  struct Link;

  void serve();
  void accept_one();
  void take(Link& link, Direction direction);
  void deliver_due(Link& link);
  void cut(Link& link);

  CausalProxyOptions options_;
  UniqueFd stop_;
  UniqueFd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<Link> links_;
  std::thread server_;
};

}  // namespace miko::test
