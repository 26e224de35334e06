#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "nameko/client.h"
#include "nameko/reply.h"

namespace miko {

/// A call of one of the service's methods.
struct Request {
  std::uint64_t id = 0;  ///< names it in Server::respond()
  std::string service = {};
  std::string method = {};
  std::string args = "[]";     ///< positional arguments, a JSON array
  std::string kwargs = "{}";   ///< keyword arguments, a JSON object
  std::string headers = "{}";  ///< all AMQP headers, a JSON object: context key K is "nameko.K"
  std::string correlation_id = {};
  Clock::time_point arrived = {};
};

/// What a request is answered with: a result or an exception.
struct Response {
  std::string result = "null";  ///< a JSON value, sent as it is; NaN and Infinity are allowed
  std::optional<RemoteError> error = std::nullopt;  ///< RemoteError::json is not looked at

  [[nodiscard]] bool ok() const { return !error; }
};

/// The exception `path` ("orders.errors.NotFound") with one argument, the text.
[[nodiscard]] Response raised(std::string_view path, std::string_view text);
/// What Nameko answers when the service has no such method.
[[nodiscard]] Response method_not_found(std::string_view method);
/// What Nameko answers when a method does not take these arguments; `text` is Python's.
[[nodiscard]] Response incorrect_signature(std::string_view text);

struct ServerOptions {
  std::string service = {};
  /// Requests that are unanswered at a time, 1 to 1000; the others wait in the queue. Nameko's
  /// default as well.
  int prefetch = 10;
  /// Takes no more than so many requests, for whoever calls stop() then; 0: no limit.
  std::uint64_t requests_max = 0;
  /// Starts although instances of the service are running, and shares its calls with them.
  bool beside_others = false;

  /// Whether there is such a method, asked before anything else of a request is looked at, as
  /// Nameko does. Not set: every method exists.
  std::function<bool(std::string_view method)> has_method = {};
  /// Answers a request, or returns nothing and has Server::respond() called later.
  std::function<std::optional<Response>(const Request& request)> handle = {};
  /// Told of every request once its answer is on its way.
  std::function<void(const Request& request, const Response& response)> answered = {};
  /// Told of every message that was no request and got no answer: one that would have killed a
  /// service of Nameko, or that it would have passed over. `why` is a part of a sentence.
  std::function<void(std::string_view routing_key, std::string_view why)> dropped = {};
  /// Told why the broker takes no messages for now, and with an empty reason that it does again.
  std::function<void(std::string_view reason)> blocked = {};
};

/// An instance of a service, in the place of one that runs under Nameko. Its clients see no
/// difference. Not copyable, not movable, one thread. None of the functions in ServerOptions may
/// throw; handle() may call respond(), and nothing else of the server.
class Server {
 public:
  Server(Options options, ServerOptions serving);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Connects, makes the exchange and the queue if they are missing, and begins to take requests.
  /// May be called again when the session is lost. Then it is not asked whether other instances are
  /// running: the broker may not know yet that the old connection is gone.
  /// Throws Error{usage} if instances of the service are running, and Error (unreachable, denied,
  /// timeout, interrupted, connection_lost).
  void start(Clock::time_point until);

  /// Sends and receives, and handles what has arrived. Sleeps only when there is nothing to do,
  /// until something arrives, one of `others` is ready (its revents say so) or `until` has passed.
  /// Throws Error when the session is lost. Requests without an answer are unknown from then on:
  /// the broker delivers them again, to whoever takes requests. So it does with those whose
  /// acknowledgement did not arrive, and they are answered twice.
  void run_once(std::span<pollfd> others, Clock::time_point until);

  /// Answers a request that handle() left open: the answer first, the acknowledgement behind it.
  /// Nothing happens if the session in which the request came is lost.
  void respond(std::uint64_t id, Response response);

  /// Requests that were taken, with those that were answered without handle(), but without those
  /// that come again.
  [[nodiscard]] std::uint64_t taken() const;

  /// Requests that handle() was given and that have no answer yet.
  [[nodiscard]] std::size_t unanswered() const;

  /// Takes no more requests: those that handle() was not given go back to the queue. What is
  /// unanswered may still be answered. Throws Error when the session is lost.
  void stop(Clock::time_point until);

  /// Sends what is left to send, deletes the queue if start() made it and it is unused and empty,
  /// and says goodbye. False: the queue that start() made stays, since requests wait in it or
  /// somebody else consumes from it. stop() must have run. Throws Error{interrupted}.
  bool close(Clock::time_point until);

  /// Instead of Options::interrupt_fd from now on.
  void set_interrupt_fd(int fd);

  /// "HOST:PORT" of the broker in use.
  [[nodiscard]] std::string address() const;

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace miko
