#pragma once

#include <poll.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "nameko/client.h"
#include "nameko/event.h"

namespace miko {

/// Dispatches events as a service does that has Nameko's EventDispatcher. The service need not run,
/// but its exchange must be there. Movable, not copyable, one thread.
///
///     miko::Dispatcher orders({.broker = "amqp://localhost"}, "orders");
///     if (const auto failure = orders.dispatch("paid", {.data = R"({"id": 7})"})) {
///       std::puts(failure->message.c_str());
///     }
///     orders.close();
///
/// Of the options `exchange`, `reply_size_max` and `confirms` do not matter: the broker confirms
/// every event.
class Dispatcher {
 public:
  /// Checks options and name (Error{usage}) and does not wait.
  Dispatcher(Options options, std::string service);
  ~Dispatcher();
  Dispatcher(Dispatcher&& other) noexcept;
  Dispatcher& operator=(Dispatcher&& other) noexcept;

  /// Dispatches an event and waits until the broker has it, until event.deadline or for
  /// Options::timeout. Returns what went wrong with this event alone: no_instance when no handler
  /// is there although one is required, denied when the broker refused it. Throws Error{usage} for
  /// what cannot be sent, and Error (unknown_service: no such exchange, unreachable, denied,
  /// timeout, connection_lost, interrupted) when the session is lost; its `executed` says whether
  /// the event may have been dispatched.
  [[nodiscard]] std::optional<Failure> dispatch(std::string_view type, EventData event);

  /// Sends an event and returns; `done` runs later, once, inside wait() or run_once(), or inside
  /// start() itself while it waits for room because Options::in_flight_max events are not
  /// confirmed. It must not throw, and must not call this dispatcher. Throws as dispatch() does;
  /// when the session is lost, also because a confirmation is late, `done` runs first for every
  /// event in flight.
  void start(std::string_view type, EventData event,
             std::function<void(std::optional<Failure>)> done);

  /// Runs until every event is confirmed. Throws Error when the session is lost.
  void wait();

  /// Connects, logs in and looks for the exchange now instead of with the first event.
  void log_in(Clock::time_point until);

  /// For a program that waits for other things too: as Client::run_once().
  void run_once(std::span<pollfd> others, Clock::time_point until);

  /// Events without confirmation.
  [[nodiscard]] std::size_t in_flight() const;

  /// Instead of Options::interrupt_fd from now on.
  void set_interrupt_fd(int fd);

  /// Says goodbye to the broker and waits for its answer. Throws only Error{interrupted}.
  void close(Clock::duration at_most = std::chrono::seconds(1));

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

/// The message of an event as JSON, in the form of preview_call(). Nothing is sent.
/// Throws Error{usage} as Dispatcher::dispatch does.
[[nodiscard]] std::string preview_event(std::string_view service, std::string_view type,
                                        const EventData& event);

}  // namespace miko
