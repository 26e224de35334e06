#include "nameko/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "amqp/connection.h"
#include "base/text.h"
#include "nameko/confirms.h"
#include "nameko/endpoints.h"
#include "nameko/events.h"
#include "nameko/rpc.h"

namespace miko {
namespace {

/// Confirms, and a look at the exchange, so that nothing is published where it is missing.
amqp::ConnectionOptions dispatching_options(const Options& options, std::string_view service) {
  if (options.in_flight_max < 1) {
    throw usage_error("at least one event must be allowed in flight");
  }
  amqp::ConnectionOptions result = nameko::connection_options(options);
  result.opening.emplace_back(amqp::request::ConfirmSelect());
  result.opening.emplace_back(amqp::request::DeclareExchange{
      .exchange = nameko::events_exchange(service), .passive = true});
  return result;
}

}  // namespace

class Dispatcher::Session {
 public:
  Session(Options options, std::string service)
      : options_(std::move(options)),
        service_(std::move(service)),
        loop_(options_.interrupt_fd),
        connection_(loop_, dispatching_options(options_, service_)) {}

  void start(std::string_view type, EventData event,
             std::function<void(std::optional<Failure>)> done);
  void log_in(Clock::time_point until);
  void run_until(std::size_t in_flight);
  void run_once(std::span<pollfd> others, Clock::time_point until);
  void set_interrupt_fd(int fd) { loop_ = Loop(fd); }
  void close(Clock::duration at_most);

  [[nodiscard]] std::size_t in_flight() const { return confirms_.size(); }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  void connect(Clock::time_point until);
  void turn(std::span<pollfd> others, Clock::time_point until, std::size_t in_flight);
  void handle(const amqp::Event& event);
  void handle(const amqp::Returned& returned);
  void handle(const amqp::Confirmed& confirmed);
  void expire(Clock::time_point now);
  [[nodiscard]] Failure no_handler() const;
  [[nodiscard]] Failure refused() const;
  [[nodiscard]] Failure explained(Failure failure) const;
  [[noreturn]] void lose(const Failure& why);

  Options options_;
  std::string service_;
  Loop loop_;
  amqp::Connection connection_;
  nameko::Confirms confirms_ = {};
  std::uint64_t published_ = 0;
  bool connected_ = false;
  std::optional<Error> lost_ = std::nullopt;
};

void Dispatcher::Session::start(std::string_view type, EventData event,
                                std::function<void(std::optional<Failure>)> done) {
  const Clock::time_point deadline = event.deadline.value_or(Clock::now() + options_.timeout);
  amqp::Message message = nameko::encode_event(service_, type, std::move(event), published_ + 1);
  if (lost_) {
    throw Error(*lost_);
  }
  connect(deadline);
  published_ = connection_.publish(std::move(message));
  confirms_.add({.number = published_, .deadline = deadline, .done = std::move(done)});
}

void Dispatcher::Session::connect(Clock::time_point until) {
  if (!connected_) {
    connection_.open(until);
    connected_ = true;
  }
}

void Dispatcher::Session::log_in(Clock::time_point until) {
  if (lost_) {
    throw Error(*lost_);
  }
  connect(until);
  try {
    connection_.await_ready(until);
  } catch (const Error& error) {
    lose(error.failure());
  }
}

void Dispatcher::Session::run_until(std::size_t in_flight) {
  while (confirms_.size() > in_flight) {
    turn({}, *confirms_.next_deadline(), in_flight);
  }
}

void Dispatcher::Session::run_once(std::span<pollfd> others, Clock::time_point until) {
  if (lost_) {
    throw Error(*lost_);
  }
  turn(others, std::min(until, confirms_.next_deadline().value_or(until)), 0);
}

void Dispatcher::Session::turn(std::span<pollfd> others, Clock::time_point until,
                               std::size_t in_flight) {
  try {
    std::optional<amqp::Event> event = connection_.next(until, others);
    while (event) {
      handle(*event);
      event = confirms_.size() > in_flight ? connection_.next_arrived(until) : std::nullopt;
    }
  } catch (const Error& error) {
    lose(error.failure());
  }
  expire(Clock::now());
}

void Dispatcher::Session::handle(const amqp::Event& event) {
  if (const auto* returned = std::get_if<amqp::Returned>(&event)) {
    handle(*returned);
  } else if (const auto* confirmed = std::get_if<amqp::Confirmed>(&event)) {
    handle(*confirmed);
  }
}

void Dispatcher::Session::handle(const amqp::Returned& returned) {
  const std::string& id = returned.properties.correlation_id;
  std::uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  confirms_.note_returned(number);
}

void Dispatcher::Session::handle(const amqp::Confirmed& confirmed) {
  for (const nameko::Unconfirmed& one :
       confirms_.take(confirmed.delivery_tag, confirmed.multiple)) {
    if (options_.trace && published_ == 1) {
      options_.trace(one.returned ? "returned" : "confirm",
                     one.returned ? "no queue is bound to it" : "the broker has the event");
    }
    if (one.returned) {
      one.done(no_handler());
    } else if (confirmed.accepted) {
      one.done(std::nullopt);
    } else {
      one.done(refused());
    }
  }
}

Failure Dispatcher::Session::no_handler() const {
  return {.kind = ErrorKind::no_instance,
          .message = fmt::format("nobody handles this event of '{}'", printable(service_)),
          .hint = "a handler's queue is there from its first start on, also while it is stopped"};
}

void Dispatcher::Session::expire(Clock::time_point now) {
  if (confirms_.empty() || now < *confirms_.next_deadline()) {
    return;
  }
  const std::string& blocked = connection_.blocked_reason();
  if (const std::optional<std::string> pending = connection_.login_pending()) {
    lose({.kind = ErrorKind::unreachable,
          .message = fmt::format("{} from {} in time", *pending, connection_.address()),
          .executed = Executed::maybe,
          .hint = "is this the AMQP port, and one without TLS? 5672 usually, 5671 with TLS"});
  }
  lose({.kind = ErrorKind::timeout,
        .message = blocked.empty() ? "the broker did not confirm the event in time"
                                   : fmt::format("the broker takes no messages: {}", blocked),
        .executed = Executed::maybe,
        .hint = "--timeout sets how long to wait"});
}

/// A broker says no when one queue of several could not take the event.
Failure Dispatcher::Session::refused() const {
  return {.kind = ErrorKind::denied,
          .message = fmt::format("the broker refused this event of '{}'", printable(service_)),
          .executed = Executed::maybe,
          .hint =
              "a queue that is bound to it is full and rejects, or its node is in trouble; "
              "other queues may have the event"};
}

Failure Dispatcher::Session::explained(Failure failure) const {
  if (failure.kind == ErrorKind::unknown_service) {
    const Executed executed = failure.executed;
    failure = nameko::no_events_exchange(service_);
    failure.executed = executed;
  } else if (failure.kind == ErrorKind::denied && !connection_.login_pending() &&
             failure.message.find("403") != std::string::npos) {
    failure.hint = fmt::format("dispatching needs write on the exchange {}",
                               printable(nameko::events_exchange(service_)));
  }
  return failure;
}

void Dispatcher::Session::lose(const Failure& why) {
  Failure failure = explained(why);
  lost_ = Error(failure);
  const std::vector<nameko::Unconfirmed> events = confirms_.take_all();
  // A channel error about a publish proves nothing for the events published before it.
  const bool proven = failure.executed == Executed::no && failure.kind != ErrorKind::interrupted &&
                      (events.size() == 1 || !connection_.ready());
  Executed executed = Executed::no;
  for (const nameko::Unconfirmed& event : events) {
    const bool left = event.number <= connection_.published_and_left();
    failure.executed = !proven && left ? Executed::maybe : Executed::no;
    executed = std::max(executed, failure.executed);
    event.done(failure);
  }
  failure.executed = executed;
  throw Error(std::move(failure));
}

void Dispatcher::Session::close(Clock::duration at_most) {
  if (connected_ && !lost_) {
    connection_.close(Clock::now() + at_most);
  }
}

Dispatcher::Dispatcher(Options options, std::string service)
    : session_(std::make_unique<Session>(std::move(options), std::move(service))) {}
Dispatcher::~Dispatcher() = default;
Dispatcher::Dispatcher(Dispatcher&&) noexcept = default;
Dispatcher& Dispatcher::operator=(Dispatcher&&) noexcept = default;

std::optional<Failure> Dispatcher::dispatch(std::string_view type, EventData event) {
  std::optional<Failure> result;
  session_->start(type, std::move(event),
                  [&result](std::optional<Failure> failure) { result = std::move(failure); });
  session_->run_until(session_->in_flight() - 1);
  return result;
}

void Dispatcher::start(std::string_view type, EventData event,
                       std::function<void(std::optional<Failure>)> done) {
  session_->run_until(static_cast<std::size_t>(session_->options().in_flight_max) - 1);
  session_->start(type, std::move(event), std::move(done));
}

void Dispatcher::wait() {
  session_->run_until(0);
}

void Dispatcher::log_in(Clock::time_point until) {
  session_->log_in(until);
}

void Dispatcher::run_once(std::span<pollfd> others, Clock::time_point until) {
  session_->run_once(others, until);
}

std::size_t Dispatcher::in_flight() const {
  return session_->in_flight();
}

void Dispatcher::set_interrupt_fd(int fd) {
  session_->set_interrupt_fd(fd);
}

void Dispatcher::close(Clock::duration at_most) {
  session_->close(at_most);
}

std::string preview_event(std::string_view service, std::string_view type, const EventData& event) {
  return nameko::describe(nameko::encode_event(service, type, event, 1));
}

}  // namespace miko
