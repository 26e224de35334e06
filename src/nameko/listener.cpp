#include "nameko/listener.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "amqp/connection.h"
#include "base/text.h"
#include "base/uuid.h"
#include "nameko/endpoints.h"
#include "nameko/events.h"
#include "nameko/farewell.h"
#include "nameko/names.h"

namespace miko {
namespace {

constexpr std::int64_t own_queue_max = 10'000;
constexpr std::int64_t durable_queue_max = 1'000'000;
constexpr std::int64_t durable_expires_ms = 30LL * 24 * 3600 * 1000;
/// Events that are neither acknowledged nor in the queue: few enough to keep them in memory, enough
/// for a line of some round trip time.
constexpr std::uint16_t prefetch = 200;
/// How often an own queue is looked at while events come.
constexpr std::chrono::seconds look_interval{1};

constexpr int refused_access = 403;
constexpr int refused_not_found = 404;
constexpr int refused_precondition = 406;

amqp::ConnectionOptions listening_options(const Options& options) {
  amqp::ConnectionOptions result = nameko::connection_options(options);
  result.headers = amqp::Headers::keep;
  return result;
}

/// Throws unless the broker granted it.
void require_granted(const amqp::Answer& answer, const std::string& rights) {
  if (answer.granted()) {
    return;
  }
  throw Error({.kind = ErrorKind::denied,
               .message = fmt::format("the broker refused: {} {}", answer.refusal_code,
                                      answer.refusal_text),
               .hint = answer.refusal_code == refused_access ? rights : ""});
}

std::string queue_rights() {
  return "listening needs configure, write and read on rpc.reply-miko-.*, and read on the events "
         "exchange";
}

}  // namespace

class Listener::Session {
 public:
  Session(Options options, ListenerOptions what, std::function<void(Event)> take)
      : options_(std::move(options)),
        what_(std::move(what)),
        take_(std::move(take)),
        queue_(nameko::events_queue_name(what_.durable.empty() ? random_uuid() : what_.durable)),
        loop_(options_.interrupt_fd),
        connection_(loop_, listening_options(options_)) {
    if (what_.subscriptions.empty()) {
      throw usage_error("no service to listen to");
    }
    for (const Subscription& one : what_.subscriptions) {
      static_cast<void>(nameko::events_exchange(one.service));
      for (const std::string& type : one.types) {
        nameko::check_event_type(type);
      }
    }
  }

  ~Session() {
    if (bound_ && !durable()) {
      nameko::say_farewell(loop_, [this] { close(short_goodbye); });
    }
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void open(Clock::time_point until);
  void run_once(std::span<pollfd> others, Clock::time_point until);
  void acknowledge(std::uint64_t number);
  void close(Clock::duration at_most);

  void set_interrupt_fd(int fd) { loop_ = Loop(fd); }
  [[nodiscard]] const amqp::Answer& at_start() const { return at_start_; }
  [[nodiscard]] std::int64_t capacity() const {
    return durable() ? durable_queue_max : own_queue_max;
  }
  [[nodiscard]] bool was_full() const { return was_full_; }

 private:
  [[nodiscard]] bool durable() const { return !what_.durable.empty(); }
  void require_exchanges(Clock::time_point until);
  void declare_queue(Clock::time_point until);
  void each_binding(const std::function<void(const std::string&, const std::string&)>& bound) const;
  void bind_queue(Clock::time_point until);
  void handle(amqp::Event event);
  void look_at_queue(Clock::time_point now);

  Options options_;
  ListenerOptions what_;
  std::function<void(Event)> take_;
  std::string queue_;
  Loop loop_;
  amqp::Connection connection_;
  amqp::Answer at_start_ = {};
  bool bound_ = false;  ///< some binding is there, or may be
  bool was_full_ = false;
  bool looking_ = false;
  bool heard_ = false;  ///< an event arrived since the last look
  Clock::time_point next_look_ = {};
};

void Listener::Session::open(Clock::time_point until) {
  connection_.open(until);
  require_exchanges(until);
  declare_queue(until);
  bind_queue(until);
  if (durable()) {
    connection_.request(amqp::request::Prefetch{.count = prefetch}, until);
  }
  connection_.request(amqp::request::Consume{.queue = queue_, .acknowledged = durable()}, until);
}

void Listener::Session::require_exchanges(Clock::time_point until) {
  for (const Subscription& one : what_.subscriptions) {
    const std::string exchange = nameko::events_exchange(one.service);
    const amqp::Answer answer = connection_.inquire(
        amqp::request::DeclareExchange{.exchange = exchange, .passive = true}, until);
    if (answer.refusal_code == refused_not_found) {
      throw Error(nameko::no_events_exchange(one.service));
    }
    require_granted(answer, queue_rights());
  }
}

void Listener::Session::declare_queue(Clock::time_point until) {
  amqp::request::DeclareQueue queue = {.queue = queue_};
  if (!durable()) {
    queue.exclusive = true;
    queue.arguments = {{"x-max-length", {.value = own_queue_max}}};
    at_start_ = connection_.inquire(queue, until);
  } else {
    // One that is there stays as it is, even if an older miko gave it other limits.
    at_start_ =
        connection_.inquire(amqp::request::DeclareQueue{.queue = queue_, .passive = true}, until);
    if (at_start_.refusal_code == refused_not_found) {
      queue.durable = true;
      queue.arguments = {{"x-max-length", {.value = durable_queue_max}},
                         {"x-expires", {.value = durable_expires_ms}}};
      at_start_ = connection_.inquire(queue, until);
    }
  }
  require_granted(at_start_, queue_rights());
}

/// Calls `bound(exchange, routing key)` for every binding of the queue.
void Listener::Session::each_binding(
    const std::function<void(const std::string&, const std::string&)>& bound) const {
  for (const Subscription& one : what_.subscriptions) {
    const std::vector<std::string> all = {"#"};
    for (const std::string& type : one.types.empty() ? all : one.types) {
      bound(nameko::events_exchange(one.service), type);
    }
  }
}

void Listener::Session::bind_queue(Clock::time_point until) {
  each_binding([&](const std::string& exchange, const std::string& type) {
    bound_ = true;
    require_granted(
        connection_.inquire(
            amqp::request::BindQueue{.queue = queue_, .exchange = exchange, .routing_key = type},
            until),
        queue_rights());
  });
}

void Listener::Session::run_once(std::span<pollfd> others, Clock::time_point until) {
  std::optional<amqp::Event> event = connection_.next(until, others);
  while (event) {
    handle(std::move(*event));
    event = connection_.next_arrived(until);
  }
  look_at_queue(Clock::now());
}

void Listener::Session::handle(amqp::Event event) {
  if (auto* const delivery = std::get_if<amqp::Delivery>(&event)) {
    heard_ = true;
    take_(nameko::decode_event(std::move(*delivery)));
  } else if (const auto* const answer = std::get_if<amqp::Answer>(&event)) {
    looking_ = false;
    was_full_ = was_full_ || answer->message_count >= own_queue_max;
  }
}

/// Nothing tells when a broker drops events. But it does so only when the queue is full.
void Listener::Session::look_at_queue(Clock::time_point now) {
  if (durable() || looking_ || !heard_ || now < next_look_) {
    return;
  }
  connection_.inquire(amqp::request::DeclareQueue{.queue = queue_, .passive = true});
  looking_ = true;
  heard_ = false;
  next_look_ = now + look_interval;
}

void Listener::Session::acknowledge(std::uint64_t number) {
  if (durable()) {
    connection_.acknowledge(number, amqp::Multiple::yes);
  }
}

void Listener::Session::close(Clock::duration at_most) {
  // A queue that goes away while events come to it has RabbitMQ 4.3 refuse them to who sends them.
  std::vector<amqp::Request> last;
  if (bound_ && !durable()) {
    each_binding([&](const std::string& exchange, const std::string& type) {
      last.emplace_back(
          amqp::request::UnbindQueue{.queue = queue_, .exchange = exchange, .routing_key = type});
    });
  }
  connection_.close(Clock::now() + at_most, last);
}

Listener::Listener(Options options, ListenerOptions what, std::function<void(Event)> take)
    : session_(std::make_unique<Session>(std::move(options), std::move(what), std::move(take))) {}
Listener::~Listener() = default;
Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;

void Listener::open(Clock::time_point until) {
  session_->open(until);
}

void Listener::run_once(std::span<pollfd> others, Clock::time_point until) {
  session_->run_once(others, until);
}

void Listener::acknowledge(std::uint64_t number) {
  session_->acknowledge(number);
}

std::uint64_t Listener::waiting_at_start() const {
  return session_->at_start().message_count;
}

std::uint64_t Listener::others_at_start() const {
  return session_->at_start().consumer_count;
}

std::uint64_t Listener::capacity() const {
  return static_cast<std::uint64_t>(session_->capacity());
}

bool Listener::was_full() const {
  return session_->was_full();
}

void Listener::set_interrupt_fd(int fd) {
  session_->set_interrupt_fd(fd);
}

void Listener::close(Clock::duration at_most) {
  session_->close(at_most);
}

std::optional<std::uint64_t> delete_durable_queue(const Options& options, std::string_view name,
                                                  Clock::time_point until) {
  const std::string queue = nameko::events_queue_name(name);
  const Loop loop(options.interrupt_fd);
  amqp::Connection connection(loop, nameko::connection_options(options));
  connection.open(until);
  const amqp::Answer found =
      connection.inquire(amqp::request::DeclareQueue{.queue = queue, .passive = true}, until);
  if (found.refusal_code != refused_not_found) {
    require_granted(found, queue_rights());
    const amqp::Answer deleted =
        connection.inquire(amqp::request::DeleteQueue{.queue = queue, .if_unused = true}, until);
    if (deleted.refusal_code == refused_precondition) {
      throw Error({.kind = ErrorKind::denied,
                   .message = fmt::format("somebody listens with the durable queue '{}'",
                                          printable(name))});
    }
    require_granted(deleted, queue_rights());
  }
  connection.close(std::min(until, Clock::now() + std::chrono::seconds(1)));
  return found.granted() ? std::optional<std::uint64_t>(found.message_count) : std::nullopt;
}

}  // namespace miko
