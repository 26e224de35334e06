#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "amqp/connection.h"
#include "base/loop.h"
#include "base/uuid.h"
#include "nameko/calls.h"
#include "nameko/client.h"
#include "nameko/service_state.h"

namespace miko {

/// What a Client is made of; it stays where it is while the Client moves.
/// Joins the connection, which knows no Nameko, and the calls in flight, which know no connection.
class Client::Session {
 public:
  /// Whether a timeout is to say what the call waited for.
  enum class Silence { plain, explained };

  explicit Session(Options options);
  /// Drops the line; but while a reply may come it says goodbye, also if the session is lost and
  /// the broker is still there, as after an interrupt.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Queues a call. Throws Error{usage} without touching the session.
  void start(std::string_view service, std::string_view method, Arguments&& arguments,
             std::function<void(Reply)> done, Silence silence = Silence::plain);

  /// Connects, if that is not done, and waits for the broker's answer to the login.
  void log_in(Clock::time_point until);

  /// Sends and receives until the call just started, with Silence::explained, is answered. Shortly
  /// before its deadline it asks the broker about the service.
  void run_explained();

  /// Sends and receives until at most `in_flight` calls are unanswered.
  void run_until(std::size_t in_flight);

  /// Sends, receives and finishes what was answered. Sleeps only while there is nothing to do.
  void run_once(std::span<pollfd> others, Clock::time_point until);

  ServiceState inspect(std::string_view service, Clock::time_point until);

  void set_interrupt_fd(int fd) { loop_ = Loop(fd); }

  /// Says goodbye, unless the session is lost. A reply that finds the reply queue just going away
  /// would be refused by RabbitMQ 4.3, which ends a Nameko service; so replies that may come are
  /// turned away first.
  void close(Clock::duration at_most);

  [[nodiscard]] std::size_t in_flight() const { return calls_.size(); }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  void connect(Clock::time_point until);
  /// Sends, receives and handles what has arrived while more than `in_flight` calls are unanswered.
  void turn(std::span<pollfd> others, Clock::time_point until, std::size_t in_flight);
  void handle(amqp::Event&& event);
  void handle(amqp::Delivery&& delivery);
  void handle(const amqp::Returned& returned);
  void handle(const amqp::Confirmed& confirmed);
  void handle(const amqp::Answer& answer);
  void expire(Clock::time_point now);
  void ask_why_silent();
  void ask(std::string_view service, std::function<void(const amqp::Answer&)> answered);
  [[nodiscard]] Failure timed_out(const nameko::Call& call) const;
  [[nodiscard]] bool may_have_left(const nameko::Call& call) const;
  void say_goodbye(Clock::duration at_most);
  [[nodiscard]] bool replies_may_come() const { return replies_owed_ || !calls_.empty(); }
  [[noreturn]] void lose(const Error& error);
  void trace(std::string_view step, std::string_view detail) const;
  static void finish(const nameko::Call& call, Reply reply);

  Options options_;
  Loop loop_;
  UuidSource uuids_ = {};
  std::string reply_key_;
  std::string reply_queue_;
  amqp::Connection connection_;
  nameko::Calls calls_ = {};
  bool replies_owed_ = false;  ///< to calls that were given up when they may have left
  /// The last call with Silence::explained.
  struct Explained {
    std::string correlation_id = {};
    std::string service = {};
    Clock::time_point asking = {};  ///< when to ask
    std::optional<ServiceState> state = std::nullopt;
  };
  Explained explained_ = {};
  std::deque<std::function<void(const amqp::Answer&)>> asked_ = {};  ///< without an answer yet
  bool connected_ = false;
  std::optional<Error> lost_ = std::nullopt;
};

}  // namespace miko
