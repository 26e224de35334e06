#include "amqp/setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace miko::amqp {
namespace {

/// What every RabbitMQ offers unless its operator lowered it. Source: RabbitMQ 3.10 to 4.3.
constexpr std::uint32_t usual_frame_max = 131072;

/// AMQP 0-9-1 obliges both sides to take frames of this size.
constexpr std::uint32_t frame_max_min = 4096;

constexpr std::uint16_t default_heartbeat_seconds = 10;

/// 0 in a limit means that there is none.
template <class Number>
Number smaller_limit(Number ours, Number theirs) {
  return theirs == 0 ? ours : std::min(ours, theirs);
}

bool contains_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::string_view first = words.substr(0, words.find(' '));
    if (first == word) {
      return true;
    }
    words.remove_prefix(std::min(first.size() + 1, words.size()));
  }
  return false;
}

std::string mechanism(const Endpoint& endpoint) {
  return endpoint.login_method.empty() ? "PLAIN" : endpoint.login_method;
}

}  // namespace

void check_greeting(std::string_view bytes, const std::string& address) {
  constexpr std::string_view method_on_channel_0("\x01\0\0", 3);
  if (bytes.starts_with(method_on_channel_0.substr(0, bytes.size()))) {
    return;
  }
  const bool other_version = bytes.starts_with("AMQP");
  throw Error({.kind = ErrorKind::unreachable,
               .message = other_version ? fmt::format("{} does not speak AMQP 0-9-1", address)
                                        : fmt::format("{} is not an AMQP server; it says '{}'",
                                                      address, printable(shortened(bytes, 40))),
               .hint = bytes.starts_with("\x15\x03") ? "is this a TLS port? use amqps:// or --tls"
                                                     : "RabbitMQ usually listens on port 5672"});
}

Setup::Setup(const Endpoint& endpoint, const std::vector<Request>& opening, Pace pace)
    : endpoint_(endpoint), opening_(opening), pace_(pace), unanswered_(opening.size() + 1) {
  const auto wanted = endpoint.heartbeat.value_or(std::chrono::seconds(default_heartbeat_seconds));
  tune_ = {.channel_max = inquiry_channel,
           .frame_max = usual_frame_max,
           .heartbeat = static_cast<std::uint16_t>(wanted.count())};
}

void Setup::begin(std::string& out) {
  out += protocol_header;
  if (pace_ == Pace::optimistic) {
    append_login(out);
    append_rest(out);
  }
}

void Setup::hear(const Method& method, std::string& out) {
  check_order(method);
  if (const auto* start = std::get_if<method::Start>(&method)) {
    broker_ = *start;
    check_broker();
    phase_ = Phase::login;
    if (pace_ == Pace::careful) {
      append_login(out);
    }
  } else if (const auto* tune = std::get_if<method::Tune>(&method)) {
    hear_tune(*tune, out);
  } else if (std::holds_alternative<method::OpenOk>(method)) {
    phase_ = Phase::opened;
  } else if (std::holds_alternative<method::Granted>(method) ||
             std::holds_alternative<method::QueueDeclareOk>(method)) {
    hear_answer();
  }
}

void Setup::hear_answer() {
  if (unanswered_ > 0 && --unanswered_ == 0) {
    phase_ = Phase::ready;
  }
}

void Setup::check_order(const Method& method) const {
  const bool start = std::holds_alternative<method::Start>(method);
  const bool tune = std::holds_alternative<method::Tune>(method);
  const bool answer = std::holds_alternative<method::Granted>(method) ||
                      std::holds_alternative<method::QueueDeclareOk>(method);
  if ((answer && phase_ < Phase::opened) || (start && phase_ != Phase::greeting) ||
      (tune && phase_ != Phase::login) ||
      (std::holds_alternative<method::OpenOk>(method) && phase_ != Phase::opening)) {
    throw Error({.kind = ErrorKind::connection_lost,
                 .message = "the broker sent a method of the login out of order",
                 .executed = Executed::maybe});
  }
}

void Setup::hear_tune(const method::Tune& tune, std::string& out) {
  phase_ = Phase::opening;
  if (tune.frame_max != 0 && tune.frame_max < frame_max_min) {
    throw Error({.kind = ErrorKind::unreachable,
                 .message = fmt::format("{} offers frames of {} bytes, below AMQP's own limit",
                                        endpoint_.address(), tune.frame_max),
                 .executed = request_executed()});
  }
  const std::uint32_t frame_max = smaller_limit(tune_.frame_max, tune.frame_max);
  const std::uint16_t channel_max = smaller_limit(tune_.channel_max, tune.channel_max);
  if (pace_ == Pace::careful) {
    tune_.frame_max = frame_max;
    tune_.channel_max = channel_max;
    append_rest(out);
  } else {
    guessed_too_high_ = frame_max < tune_.frame_max || channel_max < tune_.channel_max;
  }
}

Executed Setup::request_executed() const {
  return pace_ == Pace::careful ? Executed::no : Executed::maybe;
}

void Setup::check_broker() const {
  if (broker_.version_major != 0 || broker_.version_minor != 9) {
    throw Error({.kind = ErrorKind::unreachable,
                 .message = fmt::format("{} speaks AMQP {}.{}, not 0-9-1", endpoint_.address(),
                                        broker_.version_major, broker_.version_minor),
                 .executed = request_executed()});
  }
  if (!contains_word(broker_.mechanisms, mechanism(endpoint_))) {
    throw Error({.kind = ErrorKind::unreachable,
                 .message = fmt::format("{} does not offer the login method {}, only {}",
                                        endpoint_.address(), mechanism(endpoint_),
                                        printable(shortened(broker_.mechanisms, 100))),
                 .executed = request_executed()});
  }
}

void Setup::append_login(std::string& out) const {
  append_start_ok(out, {.mechanism = mechanism(endpoint_),
                        .user = endpoint_.user,
                        .password = endpoint_.password.value_or("")});
}

void Setup::append_rest(std::string& out) {
  append_tune_ok(out, tune_);
  append_connection_open(out, endpoint_.vhost);
  append_channel_open(out, main_channel);
  for (const Request& request : opening_) {
    append_request(out, main_channel, request);
  }
  sent_all_ = true;
}

}  // namespace miko::amqp
