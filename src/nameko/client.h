#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "nameko/reply.h"
#include "nameko/service_state.h"

namespace miko {

/// How long a goodbye may take for which nobody wants to wait, after a timeout or Ctrl-C: enough
/// for a RabbitMQ 4.3 that unbinds its first queue, which takes it 40 ms.
inline constexpr std::chrono::milliseconds short_goodbye{80};

/// Where the broker is and how to speak to it. What is not set keeps what `broker` says.
struct Options {
  /// One URI, or several separated by ';' that are tried in order, as kombu reads them.
  std::string broker = "amqp://guest:guest@localhost:5672/";
  std::optional<std::string> host = std::nullopt;
  std::optional<std::uint16_t> port = std::nullopt;
  std::optional<std::string> vhost = std::nullopt;
  std::optional<std::string> user = std::nullopt;
  std::optional<std::string> password = std::nullopt;
  /// For a user whom neither `broker` nor `password` gives one.
  std::optional<std::string> password_if_missing = std::nullopt;
  std::optional<std::string> login_method = std::nullopt;  ///< PLAIN, AMQPLAIN or EXTERNAL
  /// 0 s: none; default 10 s. Sent inside call(), start() and wait() only: the broker drops a
  /// client that rests between them for longer than two heartbeats.
  std::optional<std::chrono::seconds> heartbeat = std::nullopt;

  bool tls = false;
  std::optional<std::string> ca_file = std::nullopt;      ///< PEM; default: the system's
  std::optional<std::string> certificate = std::nullopt;  ///< PEM, for a client certificate
  std::optional<std::string> key = std::nullopt;          ///< PEM, not encrypted
  std::optional<std::string> server_name = std::nullopt;  ///< to expect in the certificate
  bool insecure = false;                                  ///< accepts any certificate

  std::string exchange = "nameko-rpc";  ///< Nameko's rpc_exchange
  /// For each call, connecting included.
  Clock::duration timeout = std::chrono::seconds(5);
  int in_flight_max = 1000;
  std::uint64_t reply_size_max = 128ULL * 1024 * 1024;
  /// The broker confirms each request. Without, some 8 % more calls a second are possible, and a
  /// timeout cannot say whether the broker had the request.
  bool confirms = true;
  /// Waits for the broker's greeting and limits instead of sending everything in one flight.
  bool careful = false;

  /// Whatever waits ends with Error{interrupted} when this descriptor becomes readable; -1: none.
  int interrupt_fd = -1;
  /// Told of each finished step: resolve, connect, tls, login, ready, publish, confirm, reply;
  /// and of "plain": user and password go to another machine without TLS. Also in a destructor.
  std::function<void(std::string_view step, std::string_view detail)> trace = {};
};

/// A connection to the services of one broker. Movable, not copyable, one thread.
class Client {
 public:
  explicit Client(Options options);
  /// Drops the line, about which RabbitMQ writes a warning to its log. While calls are unanswered,
  /// or were given up unanswered, it says goodbye as close() does, for short_goodbye at most.
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;

  /// Calls one method and waits for its reply, until arguments.deadline or for Options::timeout.
  /// Arguments that are moved in are not copied on their way to the broker.
  /// Never throws for what happens to this call alone: unknown service, remote exception and
  /// timeout are in Reply::failure.
  /// Throws Error{usage} for what cannot be sent, and Error (unreachable, denied, connection_lost,
  /// interrupted) when the session is lost; its `executed` speaks of this call.
  Reply call(std::string_view service, std::string_view method, Arguments arguments = {});

  /// Sends a call and returns; `done` runs later inside wait(), or inside start() itself while it
  /// waits for room because Options::in_flight_max calls are unanswered. Throws as call() does.
  /// When the session is lost `done` runs first, once for every call in flight, with that failure.
  /// `done` must not throw, and must not call this client.
  void start(std::string_view service, std::string_view method, Arguments arguments,
             std::function<void(Reply)> done);

  /// Runs until nothing is in flight. Throws Error when the session is lost.
  void wait();

  /// Connects and logs in now instead of with the first call.
  /// Throws Error (unreachable, denied, interrupted, connection_lost).
  void log_in(Clock::time_point until);

  /// For a program that waits for other things too: sends what start() queued, receives, and runs
  /// `done` of every call that was answered or timed out. Sleeps only when there is nothing to do,
  /// until something arrives, one of `others` is ready (its revents say so) or `until` has passed.
  /// start() or log_in() must have run before. Throws Error when the session is lost.
  void run_once(std::span<pollfd> others, Clock::time_point until);

  /// Asks the broker about a service, over the same connection; runs `done` of calls that are
  /// answered meanwhile. What the broker does not show this user is hidden. Throws Error as
  /// log_in() does, and timeout.
  [[nodiscard]] ServiceState inspect(std::string_view service, Clock::time_point until);

  /// Calls without an answer.
  [[nodiscard]] std::size_t in_flight() const;

  /// Instead of Options::interrupt_fd from now on.
  void set_interrupt_fd(int fd);

  /// Says goodbye to the broker and waits for its answer. If replies may still come they are turned
  /// away first: with RabbitMQ 4.3 a reply to a client that is just going ends the service that
  /// sends it. Throws only Error{interrupted}.
  void close(Clock::duration at_most = std::chrono::seconds(1));

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

/// Throws Error{usage} if `uri` is not a broker URI, or several.
void check_broker_uri(std::string_view uri);

/// The request a call would send, as JSON {"exchange": str, "routing_key": str, "mandatory": bool,
/// "properties": {...}, "body": {"args": [any], "kwargs": {str: any}}}. Nothing is sent.
/// Throws Error{usage} as Client::call does.
[[nodiscard]] std::string preview_call(const Options& options, std::string_view service,
                                       std::string_view method, const Arguments& arguments);

}  // namespace miko
