#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "amqp/assembler.h"
#include "amqp/codec.h"
#include "amqp/event.h"
#include "amqp/inbox.h"
#include "amqp/message.h"
#include "amqp/outbox.h"
#include "amqp/request.h"
#include "amqp/setup.h"
#include "amqp/transport.h"
#include "amqp/uri.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/loop.h"

namespace miko::amqp {

struct ConnectionOptions {
  std::vector<Endpoint> endpoints = {};  ///< tried in this order until one answers
  /// Asked for together with the login; a refusal ends the session.
  std::vector<Request> opening = {};
  Pace pace = Pace::optimistic;
  Headers headers = Headers::skip;
  std::uint64_t body_size_max = 128ULL * 1024 * 1024;
  /// Told of each finished step: resolve, connect, tls, login, ready, publish, blocked, unblocked.
  Transport::Trace trace = [](std::string_view, std::string_view) {};
};

/// One connection with a channel for messages and one for inquiries. Writing never waits: publish()
/// and its like only queue, and next() sends and receives while it waits.
///
/// Whatever ends the session throws Error. `executed` in such an error is `no` only where the
/// broker's answer proves that no request got past it; otherwise ask published_and_left().
class Connection {
 public:
  Connection(const Loop& loop, ConnectionOptions options);

  /// Connects to the first broker that answers. The login goes out with the first message; but a
  /// broker that has others behind it must answer the login before it is given any, so that one
  /// that hangs is passed over with nothing left there.
  /// Throws Error{unreachable, denied, usage, interrupted}.
  void open(Clock::time_point until);

  /// Queues a message and returns its number, from 1; the broker confirms by these numbers.
  std::uint64_t publish(Message&& message);

  /// Runs until the broker has answered the whole setup. Events are kept for next().
  /// Throws Error; `unreachable` when `until` has passed.
  void await_ready(Clock::time_point until);

  /// Asks for something on the main channel, behind what was published there; the Answer arrives as
  /// an event, but for a refusal, which ends the session. The connection must be ready().
  void request(const Request& request);
  /// The same, and waits, first until the connection is ready(), then for the answer.
  void request(const Request& one, Clock::time_point until);

  /// Asks for something that may be refused; the Answer arrives as an event. Inquiries are answered
  /// one after another, in this order, once the connection is ready().
  /// Throws Error{unreachable} if the broker allows no second channel.
  void inquire(Request request);

  /// The same, and waits for its answer. Other events are kept for next(); for a connection without
  /// other inquiries, and whose consumers are few or have a prefetch.
  /// Throws Error; `timeout` when `until` has passed.
  Answer inquire(Request request, Clock::time_point until);

  /// Acknowledges a delivery, with Multiple::yes all up to it.
  void acknowledge(std::uint64_t delivery_tag, Multiple multiple = Multiple::no);

  /// Gives a delivery back to its queue, to be delivered again.
  void requeue(std::uint64_t delivery_tag);

  /// The next event; nothing when `until` has passed, when the setup has just been answered, or
  /// when nothing had arrived and one of `others`, descriptors of no concern to the connection, is
  /// ready. Throws Error.
  std::optional<Event> next(Clock::time_point until, std::span<pollfd> others = {});

  /// The next event of what has arrived already; neither sends nor receives. Throws Error.
  std::optional<Event> next_arrived(Clock::time_point until) { return take_event(until); }

  /// How many messages have left, or may have, with their last byte.
  [[nodiscard]] std::uint64_t published_and_left() const { return left_; }

  /// The broker has answered the whole setup.
  [[nodiscard]] bool ready() const { return setup_ && setup_->phase() == Setup::Phase::ready; }

  /// inquire() will be answered: the connection is ready() and the broker allows a second channel.
  [[nodiscard]] bool may_inquire() const { return ready() && setup_->may_inquire(); }

  /// Login has not succeeded yet; says how far it came, for the message of a timeout.
  [[nodiscard]] std::optional<std::string> login_pending() const;

  /// The broker has accepted user and password; what it refuses from then on is the vhost.
  [[nodiscard]] bool authenticated() const {
    return setup_ && setup_->phase() >= Setup::Phase::opening;
  }

  /// The broker's certificate; nothing without TLS.
  [[nodiscard]] std::optional<Certificate> certificate() const {
    return transport_ ? transport_->certificate() : std::nullopt;
  }

  /// Why the broker takes no messages now; empty if it does.
  [[nodiscard]] const std::string& blocked_reason() const { return blocked_reason_; }

  /// "HOST:PORT" of the broker in use.
  [[nodiscard]] std::string address() const { return options_.endpoints[endpoint_].address(); }

  /// Takes back the messages of which nothing has left, so that a goodbye does not send them.
  /// False: part of one has, or TLS holds it, and whatever is sent next would complete it.
  [[nodiscard]] bool take_back();

  /// Says goodbye and waits for the broker's answer, at most until `until`. First asks for `last`
  /// and hears that it is done, so that what is to end before the connection does has ended.
  /// Nothing happens on a connection that is over. Never throws but for Error{interrupted}.
  void close(Clock::time_point until, const std::vector<Request>& last = {});

 private:
  /// Dials the endpoint and forgets what an earlier line had to say.
  void connect(Clock::time_point until, Pace pace);
  void await_limits(Clock::time_point until);
  void begin_session();
  void start_over_carefully(Clock::time_point until);
  void enqueue(Message&& message);
  std::optional<Event> take_event(Clock::time_point until);
  std::optional<Event> handle(const Frame& frame);
  std::optional<Event> handle_method(const Frame& frame);
  std::optional<Event> handle_inquiry(const Frame& frame);
  void send_next_inquiry();
  Answer await_answer(std::uint16_t channel, Clock::time_point until);
  void ask_last(const std::vector<Request>& last, Clock::time_point until);
  void settle(Clock::time_point until);
  [[nodiscard]] Error late(std::string_view missing) const;
  void hear_setup(const Method& method);
  /// Sends and receives what is possible now, else waits until something is. False: no time is
  /// left, or one of `others` is ready.
  bool exchange(Clock::time_point until, std::span<pollfd> others = {});
  void flush();
  bool receive();
  bool sleep(Clock::time_point until, std::span<pollfd> others);
  void keep_alive(Clock::time_point now);
  [[nodiscard]] Error lost(const std::string& why) const;
  [[nodiscard]] Error closed_by_broker(const method::Close& close) const;
  [[nodiscard]] const Endpoint& endpoint() const { return options_.endpoints[endpoint_]; }

  const Loop& loop_;
  ConnectionOptions options_;
  std::size_t endpoint_ = 0;
  Pace pace_ = Pace::optimistic;
  std::optional<Transport> transport_ = std::nullopt;
  std::optional<Setup> setup_ = std::nullopt;
  Decoder decoder_;
  Assembler assembler_;

  Outbox outbox_ = {};
  /// Positions in the outbox.
  struct Span {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  std::deque<Span> leaving_ = {};  ///< messages that have not gone whole
  std::uint64_t published_ = 0;
  std::uint64_t left_ = 0;
  /// Until the broker's limits are known: messages to send then, or to send again.
  std::vector<Message> early_ = {};
  bool tuned_ = false;

  std::size_t asked_ = 0;               ///< on the main channel, without an answer yet
  std::deque<Request> inquiries_ = {};  ///< the first one has been sent if `inquiring_`
  bool inquiring_ = false;
  bool inquiry_channel_opening_ = false;  ///< channel.open-ok is still to come
  bool inquiry_channel_open_ = false;
  std::deque<Event> kept_ = {};  ///< arrived while an inquiry was waited for

  Inbox inbox_ = {};
  bool heard_anything_ = false;
  bool may_have_arrived_ = true;  ///< something to read, as far as is known
  bool line_stuck_ = false;       ///< the last write did not get everything out
  std::string line_down_ = {};    ///< why nothing more can be read, once the inbox is empty

  Clock::time_point last_received_ = {};
  Clock::time_point last_sent_ = {};
  std::string blocked_reason_ = {};
  bool main_channel_closed_ = false;  ///< by the broker; the connection goes on
  bool over_ = false;                 ///< ended by the broker, or by what it said; no goodbye
  bool last_asked_ = false;           ///< by a close() that may have been interrupted
  bool closing_ = false;
  bool closed_ = false;
};

}  // namespace miko::amqp
