#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "nameko/client.h"
#include "nameko/exchange.h"

namespace miko {

struct TapOptions {
  std::vector<std::string> services = {};
  /// How long a request may go without a reply before it is reported.
  Clock::duration reply_timeout = std::chrono::seconds(5);
  /// Messages that wait at the broker for this program; with more the oldest are dropped.
  std::uint32_t queue_length_max = 10'000;
};

/// A service that is watched.
struct TappedService {
  std::string name = {};
  bool present = false;  ///< it has run on this broker, so requests to it are delivered
};

/// What a tap has seen besides what it hands out.
struct TapCounts {
  std::size_t waiting = 0;              ///< requests without reply so far
  std::uint64_t unmatched_replies = 0;  ///< replies whose request was not seen, or came too late
  /// How often the messages waiting at the broker were found to be at their limit, or nearly. Each
  /// time an unknown number of them has been dropped, or is about to be.
  std::uint64_t times_full = 0;
};

/// Watches the requests to services and the replies, as copies: nobody notices, and nothing is left
/// behind. Movable, not copyable, one thread.
///
/// RabbitMQ 4.3 refuses a message when one of the queues it goes to is just going away, and a
/// refused reply ends a Nameko service. So a tap gives back its copies before it goes, in close()
/// and in the destructor; a program that is killed cannot.
///
/// A service that never ran on this broker is unknown to its callers and stays so: only services
/// that have a queue are watched, and others from the moment they get one, which is looked for
/// every second at first and every ten later. For up to a second after the queue of a watched
/// service was deleted, calls to it time out instead of failing as unknown.
class Tap {
 public:
  /// Throws Error{usage}.
  Tap(const Options& options, const TapOptions& tap);
  /// As close(), for short_goodbye at most.
  ~Tap();
  Tap(Tap&& other) noexcept;
  Tap& operator=(Tap&& other) noexcept;

  /// Connects and begins to watch the services that are there.
  /// Throws Error (unreachable, denied, unknown_service, interrupted, connection_lost).
  void log_in(Clock::time_point until);

  /// Exchanges that were completed or given up. Sleeps only when there is none, until something
  /// arrives, one of `others` is ready (its revents say so) or `until` has passed.
  /// Throws Error when the session is lost.
  [[nodiscard]] std::vector<Exchange> run_once(std::span<pollfd> others, Clock::time_point until);

  /// Watches one more service as soon as it is there; nothing if it is watched already or there are
  /// 1000 of them.
  void watch(const std::string& service);

  /// In the order of TapOptions::services and watch().
  [[nodiscard]] const std::vector<TappedService>& services() const;

  [[nodiscard]] TapCounts counts() const;

  /// Instead of Options::interrupt_fd from now on.
  void set_interrupt_fd(int fd);

  /// Ends the watching, then says goodbye to the broker and waits for its answer. Throws only
  /// Error{interrupted}.
  void close(Clock::duration at_most = std::chrono::seconds(1));

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace miko
