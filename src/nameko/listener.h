#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nameko/client.h"
#include "nameko/event.h"

namespace miko {

/// Which events of a service.
struct Subscription {
  std::string service = {};
  /// Event types; '*' stands for one word between dots, '#' for any number of them. None: all.
  std::vector<std::string> types = {};
};

struct ListenerOptions {
  std::vector<Subscription> subscriptions = {};
  /// Names a queue that stays at the broker and collects events between two runs; events are
  /// delivered until they are acknowledged. Empty: a queue of the listener's own, gone with it.
  std::string durable = {};
};

/// Takes copies of events. The handlers of services keep theirs. Movable, not copyable, one thread.
///
///     miko::Listener listener({.broker = "amqp://localhost"},
///                             {.subscriptions = {{.service = "orders"}}},
///                             [](const miko::Event& event) { std::puts(event.data.c_str()); });
///     while (true) {
///       listener.run_once({}, miko::Clock::time_point::max());
///     }
///
/// Both kinds of queue are bounded: an own one has 10,000 events, a durable one 1,000,000, and then
/// the broker drops the oldest. A durable one is also gone when nobody has listened for 30 days.
class Listener {
 public:
  /// `take` is given every event, inside run_once(). It must not throw, and of this listener may
  /// call only acknowledge(). Checks options and names (Error{usage}) and does not wait.
  Listener(Options options, ListenerOptions what, std::function<void(Event)> take);
  /// Drops the line; with a queue of its own it says goodbye as close() does, for short_goodbye at
  /// most.
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;

  /// Connects, logs in, makes the queue and binds it. Events dispatched from then on arrive.
  /// Throws Error: unknown_service when there is no exchange for the events of a service (it is
  /// never made), denied, unreachable, timeout, interrupted.
  void open(Clock::time_point until);

  /// Sends, receives and gives `take` what has arrived. Sleeps only while there is nothing to do,
  /// until one of `others` is ready (its revents say so) or `until` has passed. Heartbeats are sent
  /// in here only: it must be called again within some seconds.
  /// Throws Error when the session is lost.
  void run_once(std::span<pollfd> others, Clock::time_point until);

  /// With a durable queue: the events up to this one need not come again.
  void acknowledge(std::uint64_t number);

  /// Events that waited in the queue, and others that took from it, at the end of open().
  [[nodiscard]] std::uint64_t waiting_at_start() const;
  [[nodiscard]] std::uint64_t others_at_start() const;

  /// How many events a queue of this kind holds.
  [[nodiscard]] std::uint64_t capacity() const;

  /// The broker's own queue was seen full, so that it may have dropped events: the line is slower
  /// than they come.
  [[nodiscard]] bool was_full() const;

  /// Instead of Options::interrupt_fd from now on.
  void set_interrupt_fd(int fd);

  /// Sends what was acknowledged, says goodbye to the broker and waits for its answer. An own queue
  /// is unbound first: RabbitMQ 4.3 refuses an event that finds one of its queues just going away.
  /// Throws only Error{interrupted}.
  void close(Clock::duration at_most = std::chrono::seconds(1));

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

/// Removes the durable queue `name` and returns how many events were in it; nothing if there is no
/// such queue. Throws Error: usage, denied when somebody takes events from it, unreachable, ...
std::optional<std::uint64_t> delete_durable_queue(const Options& options, std::string_view name,
                                                  Clock::time_point until);

}  // namespace miko
