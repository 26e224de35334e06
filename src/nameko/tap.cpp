#include "nameko/tap.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include "amqp/connection.h"
#include "base/text.h"
#include "base/uuid.h"
#include "nameko/endpoints.h"
#include "nameko/exchange_pairs.h"
#include "nameko/farewell.h"
#include "nameko/inspection.h"
#include "nameko/names.h"

namespace miko {
namespace {

/// Bytes that wait at the broker, whatever TapOptions::queue_length_max allows.
constexpr std::int64_t queue_bytes_max = 64L * 1024 * 1024;

constexpr std::size_t services_max = 1000;

/// Between two looks whether a service is there. A look at one that is not costs a line in the
/// broker's log, so that they become rarer.
constexpr std::chrono::seconds look_interval{1};
constexpr std::chrono::seconds look_interval_max{10};

/// Events handled before the caller gets its turn.
constexpr int events_per_turn = 1000;

/// Every reply of a Nameko service goes to a routing key of one word.
constexpr std::string_view reply_binding_key = "*";

amqp::ConnectionOptions tap_connection_options(const Options& options, const std::string& queue,
                                               std::uint32_t queue_length_max) {
  amqp::ConnectionOptions result = nameko::connection_options(options);
  result.headers = amqp::Headers::keep;
  const amqp::Table limits = {{"x-max-length", {.value = std::int64_t{queue_length_max}}},
                              {"x-max-length-bytes", {.value = queue_bytes_max}},
                              {"x-overflow", {.value = std::string("drop-head")}}};
  result.opening = {
      amqp::request::DeclareQueue{.queue = queue, .exclusive = true, .arguments = limits},
      amqp::request::BindQueue{.queue = queue,
                               .exchange = options.exchange,
                               .routing_key = std::string(reply_binding_key)},
      amqp::request::Consume{.queue = queue}};
  return result;
}

}  // namespace

class Tap::Session {
 public:
  Session(const Options& options, const TapOptions& tap)
      : loop_(options.interrupt_fd),
        exchange_(options.exchange),
        queue_(nameko::reply_queue_name(random_uuid())),
        queue_length_max_(tap.queue_length_max),
        connection_(loop_, tap_connection_options(options, queue_, tap.queue_length_max)),
        pairs_(tap.reply_timeout) {
    if (tap.services.size() > services_max) {
      throw usage_error(fmt::format("more than {} services", services_max));
    }
    for (const std::string& name : tap.services) {
      add(name);
    }
  }

  ~Session() {
    nameko::say_farewell(loop_, [this] { close(short_goodbye); });
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void watch(const std::string& name) {
    const bool known =
        std::any_of(services_.begin(), services_.end(),
                    [&name](const TappedService& service) { return service.name == name; });
    if (!known && services_.size() < services_max) {
      add(name);
    }
  }

  void log_in(Clock::time_point until) {
    connection_.open(until);
    connection_.await_ready(until);
    look(Clock::now());
    while (!questions_.empty()) {
      turn({}, until);
      if (!questions_.empty() && Clock::now() >= until) {
        throw Error({.kind = ErrorKind::timeout,
                     .message = fmt::format("{} did not say in time which services are there",
                                            connection_.address())});
      }
    }
  }

  std::vector<Exchange> run_once(std::span<pollfd> others, Clock::time_point until) {
    look(Clock::now());
    until = std::min({until, next_look_, pairs_.next_deadline().value_or(until)});
    turn(others, until);
    pairs_.expire(Clock::now());
    return pairs_.take();
  }

  [[nodiscard]] const std::vector<TappedService>& services() const { return services_; }

  [[nodiscard]] TapCounts counts() const {
    return {.waiting = pairs_.waiting(),
            .unmatched_replies = pairs_.unmatched_replies(),
            .times_full = times_full_};
  }

  void set_interrupt_fd(int fd) { loop_ = Loop(fd); }

  void close(Clock::duration at_most) { connection_.close(Clock::now() + at_most, unbinding()); }

 private:
  void add(const std::string& name) {
    service_queues_.push_back(nameko::rpc_queue_name(name));
    services_.push_back({.name = name});
    looks_.emplace_back();
  }

  enum class About { service, binding, own_queue };

  /// What was asked, in the order of the answers.
  struct Question {
    About about = About::service;
    std::size_t service = 0;
  };

  /// When to look for a service again, and how long to wait after that.
  struct Look {
    Clock::time_point next = {};
    std::chrono::seconds interval = look_interval;
  };

  void ask(Question question, amqp::Request request) {
    questions_.push_back(question);
    connection_.inquire(std::move(request));
  }

  /// Asks what it is time to ask, unless earlier questions are still open.
  void look(Clock::time_point now) {
    if (now < next_look_ || !questions_.empty()) {
      return;
    }
    next_look_ = now + look_interval;
    ask({.about = About::own_queue}, amqp::request::DeclareQueue{.queue = queue_, .passive = true});
    for (std::size_t i = 0; i < services_.size(); ++i) {
      if (looks_[i].next <= now) {
        looks_[i].next = now + looks_[i].interval;
        ask({.service = i},
            amqp::request::DeclareQueue{.queue = service_queues_[i], .passive = true});
      }
    }
  }

  void turn(std::span<pollfd> others, Clock::time_point until) {
    std::optional<amqp::Event> event = connection_.next(until, others);
    for (int handled = 0; event; ++handled) {
      if (auto* const delivery = std::get_if<amqp::Delivery>(&*event)) {
        hear(std::move(*delivery));
      } else if (const auto* const answer = std::get_if<amqp::Answer>(&*event)) {
        hear(*answer);
      }
      event = handled < events_per_turn ? connection_.next_arrived(until) : std::nullopt;
    }
  }

  void hear(amqp::Delivery delivery) {
    const Clock::time_point now = Clock::now();
    if (delivery.routing_key.find('.') != std::string::npos) {
      pairs_.request(delivery, now);
    } else if (delivery.properties.reply_to.empty()) {
      pairs_.reply(std::move(delivery), now);
    }
  }

  void hear(const amqp::Answer& answer) {
    if (answer.channel == amqp::main_channel || questions_.empty()) {
      return;
    }
    const Question question = questions_.front();
    questions_.pop_front();
    switch (question.about) {
      case About::service:
        found(question.service, answer);
        break;
      case About::binding:
        if (!answer.granted()) {
          throw refused(question.service, answer);
        }
        services_[question.service].present = !services_[question.service].present;
        break;
      case About::own_queue:
        // The answer comes a little later than the moment when the queue was full.
        if (answer.message_count >= queue_length_max_ - queue_length_max_ / 10) {
          ++times_full_;
        }
        break;
    }
  }

  void found(std::size_t index, const amqp::Answer& answer) {
    const TappedService& service = services_[index];
    Look& again = looks_[index];
    // What is not there must not be bound: its callers would no longer hear that. So nobody watches
    // a service whose queue is hidden.
    const bool deployed = nameko::service_state_of(service.name, answer).deployed;
    again.interval = deployed || service.present
                         ? look_interval
                         : std::min<std::chrono::seconds>(again.interval * 2, look_interval_max);
    if (deployed == service.present) {
      return;
    }
    const Question question = {.about = About::binding, .service = index};
    std::string key = nameko::rpc_binding_key(service.name);
    if (deployed) {
      ask(question, amqp::request::BindQueue{
                        .queue = queue_, .exchange = exchange_, .routing_key = std::move(key)});
    } else {
      ask(question, amqp::request::UnbindQueue{
                        .queue = queue_, .exchange = exchange_, .routing_key = std::move(key)});
    }
  }

  /// Undoes every binding that is there, or may be.
  [[nodiscard]] std::vector<amqp::Request> unbinding() const {
    std::vector<bool> bound;
    for (const TappedService& service : services_) {
      bound.push_back(service.present);
    }
    for (const Question& question : questions_) {
      if (question.about == About::binding) {
        bound[question.service] = true;
      }
    }
    std::vector<amqp::Request> result;
    const auto unbind = [this, &result](std::string key) {
      result.emplace_back(amqp::request::UnbindQueue{
          .queue = queue_, .exchange = exchange_, .routing_key = std::move(key)});
    };
    unbind(std::string(reply_binding_key));
    for (std::size_t i = 0; i < services_.size(); ++i) {
      if (bound[i]) {
        unbind(nameko::rpc_binding_key(services_[i].name));
      }
    }
    return result;
  }

  [[nodiscard]] Error refused(std::size_t index, const amqp::Answer& answer) const {
    return Error({.kind = ErrorKind::denied,
                  .message = fmt::format("the broker does not let us watch '{}': {} {}",
                                         printable(services_[index].name), answer.refusal_code,
                                         answer.refusal_text),
                  .hint = "watching needs configure, write and read on rpc.reply-miko-.*, and read "
                          "on the RPC exchange"});
  }

  Loop loop_;
  std::string exchange_;
  std::string queue_;
  std::uint32_t queue_length_max_;
  amqp::Connection connection_;
  nameko::ExchangePairs pairs_;
  std::vector<TappedService> services_ = {};
  std::vector<std::string> service_queues_ = {};
  std::vector<Look> looks_ = {};
  Clock::time_point next_look_ = {};
  std::deque<Question> questions_ = {};
  std::uint64_t times_full_ = 0;
};

Tap::Tap(const Options& options, const TapOptions& tap)
    : session_(std::make_unique<Session>(options, tap)) {}
Tap::~Tap() = default;
Tap::Tap(Tap&& other) noexcept = default;
Tap& Tap::operator=(Tap&& other) noexcept = default;

void Tap::log_in(Clock::time_point until) {
  session_->log_in(until);
}

std::vector<Exchange> Tap::run_once(std::span<pollfd> others, Clock::time_point until) {
  return session_->run_once(others, until);
}

void Tap::watch(const std::string& service) {
  session_->watch(service);
}

const std::vector<TappedService>& Tap::services() const {
  return session_->services();
}

TapCounts Tap::counts() const {
  return session_->counts();
}

void Tap::set_interrupt_fd(int fd) {
  session_->set_interrupt_fd(fd);
}

void Tap::close(Clock::duration at_most) {
  session_->close(at_most);
}

}  // namespace miko
