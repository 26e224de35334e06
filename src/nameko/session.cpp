#include "nameko/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include "base/text.h"
#include "base/uuid.h"
#include "nameko/endpoints.h"
#include "nameko/farewell.h"
#include "nameko/inspection.h"
#include "nameko/names.h"
#include "nameko/rpc.h"

namespace miko {
namespace {

/// A reply queue, and with Options::confirms the confirmation of every request.
amqp::ConnectionOptions calling_options(const Options& options, const std::string& queue,
                                        const std::string& reply_key) {
  if (options.in_flight_max < 1) {
    throw usage_error("at least one call must be allowed in flight");
  }
  amqp::ConnectionOptions result = nameko::connection_options(options);
  if (options.confirms) {
    result.opening.emplace_back(amqp::request::ConfirmSelect());
  }
  result.opening.emplace_back(amqp::request::DeclareQueue{.queue = queue, .exclusive = true});
  result.opening.emplace_back(amqp::request::BindQueue{
      .queue = queue, .exchange = options.exchange, .routing_key = reply_key});
  result.opening.emplace_back(amqp::request::Consume{.queue = queue});
  return result;
}

std::string duration_text(Clock::duration span) {
  const auto milliseconds = std::chrono::round<std::chrono::milliseconds>(span).count();
  return milliseconds % 1000 == 0 ? fmt::format("{} s", milliseconds / 1000)
                                  : fmt::format("{} ms", milliseconds);
}

/// How long before the deadline of a call the broker is asked why there is no reply: time enough
/// for an answer, and the rest of the waiting stays what it was.
Clock::duration asking_time(Clock::duration timeout) {
  return std::min<Clock::duration>(std::chrono::milliseconds(100), timeout / 4);
}

std::string call_text(const nameko::Call& call) {
  return fmt::format("{}.{}", printable(call.service), printable(call.method));
}

}  // namespace

Client::Session::Session(Options options)
    : options_(std::move(options)),
      loop_(options_.interrupt_fd),
      reply_key_(random_uuid()),
      reply_queue_(nameko::reply_queue_name(random_uuid())),
      connection_(loop_, calling_options(options_, reply_queue_, reply_key_)) {}

Client::Session::~Session() {
  if (replies_may_come()) {
    nameko::say_farewell(loop_, [this] { say_goodbye(short_goodbye); });
  }
}

void Client::Session::start(std::string_view service, std::string_view method,
                            Arguments&& arguments, std::function<void(Reply)> done,
                            Silence silence) {
  const Clock::time_point now = Clock::now();
  const Clock::duration timeout = arguments.timeout.value_or(options_.timeout);
  const Clock::time_point deadline = arguments.deadline.value_or(now + timeout);
  nameko::Call call = {.service = std::string(service),
                       .method = std::string(method),
                       .correlation_id = uuids_.next(),
                       .expires = arguments.expires,
                       .timeout = timeout,
                       .started = now,
                       .deadline = deadline,
                       .done = std::move(done)};
  nameko::RequestIds ids = {.correlation_id = call.correlation_id,
                            .reply_to = reply_key_,
                            .call_id = nameko::call_id(call.correlation_id)};
  // A request that cannot be encoded is refused before anything is connected.
  const bool expires = arguments.expires;
  amqp::Message message = nameko::encode_request(
      options_.exchange, service, method, std::move(arguments), std::move(ids), deadline - now);
  if (lost_) {
    throw Error(*lost_);
  }
  if (!connected_) {
    connect(deadline);
    if (expires) {
      message.properties.expiration = nameko::expiration(deadline - Clock::now());
    }
  }
  call.publish_number = connection_.publish(std::move(message));
  if (silence == Silence::explained) {
    explained_ = {.correlation_id = call.correlation_id,
                  .service = call.service,
                  .asking = deadline - asking_time(deadline - now)};
  }
  calls_.add(std::move(call));
}

void Client::Session::connect(Clock::time_point until) {
  if (connected_) {
    return;
  }
  connection_.open(until);
  connected_ = true;
}

void Client::Session::log_in(Clock::time_point until) {
  if (lost_) {
    throw Error(*lost_);
  }
  connect(until);
  try {
    connection_.await_ready(until);
  } catch (const Error& error) {
    lose(error);
  }
}

void Client::Session::run_explained() {
  const std::size_t others = calls_.size() - 1;
  while (calls_.size() > others && Clock::now() < explained_.asking) {
    turn({}, std::min(explained_.asking, *calls_.next_deadline()), others);
  }
  if (calls_.size() > others) {
    ask_why_silent();
  }
  run_until(others);
}

void Client::Session::ask_why_silent() {
  // Nothing is asked that the broker would not answer now, or that would end the session.
  if (!connection_.may_inquire() || !connection_.blocked_reason().empty()) {
    return;
  }
  try {
    ask(explained_.service, [this, id = explained_.correlation_id](const amqp::Answer& answer) {
      if (id == explained_.correlation_id) {
        explained_.state = nameko::service_state(answer);
      }
    });
  } catch (const Error& error) {
    // A request may be sent to a name that is too long for a service's queue.
    if (error.kind() != ErrorKind::usage) {
      throw;
    }
  }
}

void Client::Session::ask(std::string_view service,
                          std::function<void(const amqp::Answer&)> answered) {
  connection_.inquire(nameko::inspection(service));
  asked_.push_back(std::move(answered));
}

ServiceState Client::Session::inspect(std::string_view service, Clock::time_point until) {
  log_in(until);
  const auto answer = std::make_shared<std::optional<amqp::Answer>>();
  ask(service, [answer](const amqp::Answer& one) { *answer = one; });
  while (!*answer) {
    run_once({}, until);
    if (!*answer && Clock::now() >= until) {
      throw Error({.kind = ErrorKind::timeout,
                   .message = fmt::format("no answer to a request from {} in time",
                                          connection_.address())});
    }
  }
  return nameko::is_hidden(**answer) ? ServiceState{.hidden = true}
                                     : nameko::service_state_of(service, **answer);
}

void Client::Session::run_until(std::size_t in_flight) {
  while (calls_.size() > in_flight) {
    turn({}, *calls_.next_deadline(), in_flight);
  }
}

void Client::Session::run_once(std::span<pollfd> others, Clock::time_point until) {
  if (lost_) {
    throw Error(*lost_);
  }
  turn(others, std::min(until, calls_.next_deadline().value_or(until)), 0);
}

void Client::Session::turn(std::span<pollfd> others, Clock::time_point until,
                           std::size_t in_flight) {
  try {
    std::optional<amqp::Event> event = connection_.next(until, others);
    while (event) {
      handle(std::move(*event));
      // What follows the last reply is nobody's concern now, were it the end of the connection.
      event = calls_.size() > in_flight ? connection_.next_arrived(until) : std::nullopt;
    }
  } catch (const Error& error) {
    lose(error);
  }
  expire(Clock::now());
}

void Client::Session::handle(amqp::Event&& event) {
  std::visit([this](auto&& one) { handle(std::forward<decltype(one)>(one)); }, std::move(event));
}

void Client::Session::handle(amqp::Delivery&& delivery) {
  std::optional<nameko::Call> call = calls_.take(delivery.properties.correlation_id);
  if (!call) {
    trace("ignored", "a reply that belongs to no call in flight");
    return;
  }
  if (options_.trace) {
    trace("reply", std::to_string(delivery.announced_size) + " bytes");
  }
  finish(*call, nameko::decode_reply(call->service, call->method, std::move(delivery)));
}

void Client::Session::handle(const amqp::Returned& returned) {
  const std::optional<nameko::Call> call = calls_.take(returned.properties.correlation_id);
  if (!call) {
    return;
  }
  trace("returned", fmt::format("{} {}", returned.reply_code, printable(returned.reply_text)));
  finish(
      *call,
      {.failure = Failure{
           .kind = ErrorKind::unknown_service,
           .message = fmt::format("no service '{}' here", printable(call->service)),
           .hint = "is the service running on this broker and vhost? names are case sensitive"}});
}

void Client::Session::handle(const amqp::Confirmed& confirmed) {
  if (confirmed.accepted) {
    if (calls_.size() == 1) {
      trace("confirm", "the broker has the request");
    }
    calls_.confirm(confirmed.delivery_tag, confirmed.multiple);
    return;
  }
  const std::optional<std::string> id = calls_.find(confirmed.delivery_tag);
  const std::optional<nameko::Call> call = id ? calls_.take(*id) : std::nullopt;
  if (call) {
    replies_owed_ = true;
    finish(*call,
           {.failure = Failure{
                .kind = ErrorKind::denied,
                .message = fmt::format("the broker refused the request to {}", call_text(*call)),
                .executed = Executed::maybe,
                .hint = "the service's queue is full and rejects, or its node is in trouble"}});
  }
}

void Client::Session::handle(const amqp::Answer& answer) {
  if (answer.channel == amqp::main_channel || asked_.empty()) {
    return;
  }
  const std::function<void(const amqp::Answer&)> answered = std::move(asked_.front());
  asked_.pop_front();
  answered(answer);
}

void Client::Session::expire(Clock::time_point now) {
  for (const nameko::Call& call : calls_.expire(now)) {
    const bool left = may_have_left(call);
    replies_owed_ = replies_owed_ || left;
    finish(call, {.failure = timed_out(call)});
    if (!left && !lost_) {
      // Half a request stands on the line; only dropping the line keeps the rest from being sent.
      lost_ = Error({.kind = ErrorKind::connection_lost,
                     .message = "an earlier request could not be sent in time"});
    }
  }
  if (lost_ && !calls_.empty()) {
    lose(*lost_);
  }
}

Failure Client::Session::timed_out(const nameko::Call& call) const {
  const std::string span = duration_text(call.timeout);
  const std::string& blocked = connection_.blocked_reason();
  const Executed executed = may_have_left(call) ? Executed::maybe : Executed::no;
  if (const std::optional<std::string> pending = connection_.login_pending()) {
    return {.kind = ErrorKind::unreachable,
            .message = fmt::format("{} from {} in {}", *pending, connection_.address(), span),
            .executed = executed,
            .hint = "is this the AMQP port, and one without TLS? 5672 usually, 5671 with TLS"};
  }
  if (executed == Executed::no) {
    return {.kind = ErrorKind::unreachable,
            .message = blocked.empty() ? fmt::format("the request could not be sent in {}", span)
                                       : fmt::format("the broker takes no messages: {}", blocked)};
  }
  if (!blocked.empty()) {
    return {.kind = ErrorKind::timeout,
            .message = fmt::format("no reply from {} in {}; the broker is blocked ({}) and may run "
                                   "the call when it recovers",
                                   call_text(call), span, blocked),
            .executed = executed};
  }
  if (explained_.state && explained_.correlation_id == call.correlation_id) {
    return {.kind = ErrorKind::timeout,
            .message = fmt::format("no reply from {} in {}: {}", call_text(call), span,
                                   explain_silence(*explained_.state)),
            .executed = executed,
            .hint = advice(*explained_.state, call.expires)};
  }
  return {.kind = ErrorKind::timeout,
          .message = fmt::format("no reply from {} in {}", call_text(call), span),
          .executed = executed,
          .hint = call.confirmed ? "the broker has the request: either no instance is running, or "
                                   "the method is slow; --timeout sets how long to wait"
                                 : "--timeout sets how long to wait"};
}

bool Client::Session::may_have_left(const nameko::Call& call) const {
  return call.publish_number <= connection_.published_and_left();
}

void Client::Session::lose(const Error& error) {
  lost_ = error;
  Failure failure = error.failure();
  const std::vector<nameko::Call> calls = calls_.take_all();
  // A channel error about a publish proves nothing for the calls published before it.
  const bool proven_not_executed = failure.executed == Executed::no &&
                                   failure.kind != ErrorKind::interrupted &&
                                   (calls.size() == 1 || !connection_.ready());
  failure.executed = Executed::no;
  for (const nameko::Call& call : calls) {
    Failure own = error.failure();
    const bool proven = proven_not_executed && !call.confirmed;
    own.executed = !proven && may_have_left(call) ? Executed::maybe : Executed::no;
    replies_owed_ = replies_owed_ || may_have_left(call);
    failure.executed = std::max(failure.executed, own.executed);
    finish(call, {.failure = std::move(own)});
  }
  throw Error(std::move(failure));
}

void Client::Session::finish(const nameko::Call& call, Reply reply) {
  reply.correlation_id = call.correlation_id;
  reply.elapsed = Clock::now() - call.started;
  call.done(std::move(reply));
}

void Client::Session::trace(std::string_view step, std::string_view detail) const {
  if (options_.trace) {
    options_.trace(step, detail);
  }
}

void Client::Session::close(Clock::duration at_most) {
  if (!lost_) {
    say_goodbye(at_most);
  }
}

void Client::Session::say_goodbye(Clock::duration at_most) {
  // What has not left must not leave now: whoever asked for it was told that it did not.
  if (!connected_ || !connection_.take_back()) {
    return;
  }
  std::vector<amqp::Request> last;
  if (replies_may_come()) {
    last.emplace_back(amqp::request::UnbindQueue{
        .queue = reply_queue_, .exchange = options_.exchange, .routing_key = reply_key_});
  }
  connection_.close(Clock::now() + at_most, last);
}

}  // namespace miko
