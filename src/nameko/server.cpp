#include "nameko/server.h"

#include <fmt/format.h>

#include <unordered_map>
#include <utility>
#include <variant>

#include "amqp/connection.h"
#include "base/loop.h"
#include "base/text.h"
#include "nameko/endpoints.h"
#include "nameko/names.h"
#include "nameko/serving.h"

namespace miko {
namespace {

constexpr int prefetch_max = 1000;

amqp::ConnectionOptions serving_options(const Options& options, const ServerOptions& serving) {
  if (serving.prefetch < 1 || serving.prefetch > prefetch_max) {
    throw usage_error(fmt::format("a service takes 1 to {} requests at a time", prefetch_max));
  }
  amqp::ConnectionOptions result = nameko::connection_options(options);
  result.headers = amqp::Headers::keep;
  if (serving.blocked) {
    result.trace = [trace = result.trace, told = serving.blocked](std::string_view step,
                                                                  std::string_view detail) {
      trace(step, detail);
      if (step == "blocked" || step == "unblocked") {
        told(detail);
      }
    };
  }
  return result;
}

}  // namespace

/// What a Server is made of.
class Server::Session {
 public:
  Session(Options options, ServerOptions serving)
      : options_(std::move(options)),
        serving_(std::move(serving)),
        queue_(nameko::rpc_queue_name(serving_.service)),
        loop_(options_.interrupt_fd),
        connecting_(serving_options(options_, serving_)) {
    connection_.emplace(loop_, connecting_);
  }

  void start(Clock::time_point until);
  void run_once(std::span<pollfd> others, Clock::time_point until);
  void respond(std::uint64_t id, Response response);
  void stop(Clock::time_point until);
  bool close(Clock::time_point until);

  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  [[nodiscard]] std::size_t unanswered() const { return open_.size(); }
  [[nodiscard]] std::string address() const { return connection_->address(); }
  void set_interrupt_fd(int fd) { loop_ = Loop(fd); }

 private:
  /// What an answer needs of a request.
  struct Open {
    std::uint64_t delivery_tag = 0;
    Request request = {};
    amqp::Properties properties = {};
  };

  void forget_open();
  template <class Work>
  void in_session(Work work);
  void make_exchange(Clock::time_point until);
  void make_queue(Clock::time_point until);
  void take(const amqp::Delivery& delivery);
  void answer(std::uint64_t delivery_tag, const Request& request,
              const amqp::Properties& properties, Response response);
  bool delete_queue(Clock::time_point until);

  Options options_;
  ServerOptions serving_;
  std::string queue_;
  Loop loop_;
  amqp::ConnectionOptions connecting_;
  std::optional<amqp::Connection> connection_ = std::nullopt;
  bool started_before_ = false;
  bool made_queue_ = false;
  bool stopped_ = false;
  std::uint64_t taken_ = 0;
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, Open> open_ = {};  ///< by Request::id
};

/// Delivery tags are the connection's own: what it leaves open can only be delivered again.
void Server::Session::forget_open() {
  taken_ -= open_.size();
  open_.clear();
}

/// Does `work`, after which nothing is open if the session is lost in it.
template <class Work>
void Server::Session::in_session(Work work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::interrupted) {
      forget_open();
    }
    throw;
  }
}

void Server::Session::start(Clock::time_point until) {
  forget_open();
  stopped_ = false;
  connection_.emplace(loop_, connecting_);
  connection_->open(until);
  make_exchange(until);
  make_queue(until);
  connection_->request(
      amqp::request::BindQueue{
          .queue = queue_, .exchange = options_.exchange, .routing_key = serving_.service + ".*"},
      until);
  connection_->request(
      amqp::request::Prefetch{.count = static_cast<std::uint16_t>(serving_.prefetch)}, until);
  connection_->request(amqp::request::Consume{.queue = queue_, .acknowledged = true}, until);
  started_before_ = true;
}

void Server::Session::make_exchange(Clock::time_point until) {
  const amqp::Answer present = connection_->inquire(
      amqp::request::DeclareExchange{.exchange = options_.exchange, .passive = true}, until);
  if (!present.granted()) {
    connection_->request(amqp::request::DeclareExchange{.exchange = options_.exchange}, until);
  }
}

void Server::Session::make_queue(Clock::time_point until) {
  constexpr std::uint16_t not_found = 404;
  const amqp::Answer present =
      connection_->inquire(amqp::request::DeclareQueue{.queue = queue_, .passive = true}, until);
  if (present.refusal_code == not_found) {
    connection_->request(amqp::request::DeclareQueue{.queue = queue_, .durable = true}, until);
    made_queue_ = true;
    return;
  }
  if (!present.granted()) {
    throw Error({.kind = ErrorKind::denied,
                 .message = fmt::format("the broker does not let the queue {} be used: {}",
                                        printable(queue_), present.refusal_text)});
  }
  if (present.consumer_count > 0 && !serving_.beside_others && !started_before_) {
    throw usage_error(
        fmt::format("{} of '{}' {} running here, and would get a share of the calls",
                    present.consumer_count == 1
                        ? "an instance"
                        : fmt::format("{} instances", present.consumer_count),
                    printable(serving_.service), present.consumer_count == 1 ? "is" : "are"),
        "stop what is running, or share the calls with it by --force");
  }
}

void Server::Session::run_once(std::span<pollfd> others, Clock::time_point until) {
  in_session([&] {
    std::optional<amqp::Event> event = connection_->next(until, others);
    while (event) {
      if (const auto* const delivery = std::get_if<amqp::Delivery>(&*event)) {
        take(*delivery);
      }
      event = connection_->next_arrived(until);
    }
  });
}

void Server::Session::take(const amqp::Delivery& delivery) {
  if (stopped_ || (serving_.requests_max > 0 && taken_ == serving_.requests_max)) {
    connection_->requeue(delivery.delivery_tag);
    return;
  }
  nameko::Incoming incoming = nameko::decode_request(serving_, delivery);
  if (const auto* const dropped = std::get_if<nameko::Dropped>(&incoming)) {
    connection_->acknowledge(delivery.delivery_tag);
    if (serving_.dropped) {
      serving_.dropped(delivery.routing_key, dropped->why);
    }
    return;
  }
  ++taken_;
  const Clock::time_point now = Clock::now();
  if (auto* const refused = std::get_if<nameko::Refused>(&incoming)) {
    refused->request.arrived = now;
    answer(delivery.delivery_tag, refused->request, delivery.properties,
           std::move(refused->response));
    return;
  }
  const std::uint64_t id = ++last_id_;
  auto& request = std::get<Request>(incoming);
  request.id = id;
  request.arrived = now;
  const auto [open, added] = open_.emplace(id, Open{.delivery_tag = delivery.delivery_tag,
                                                    .request = std::move(request),
                                                    .properties = delivery.properties});
  if (std::optional<Response> response = serving_.handle(open->second.request)) {
    respond(id, std::move(*response));
  }
}

void Server::Session::respond(std::uint64_t id, Response response) {
  auto open = open_.extract(id);
  if (open) {
    const Open& one = open.mapped();
    answer(one.delivery_tag, one.request, one.properties, std::move(response));
  }
}

void Server::Session::answer(std::uint64_t delivery_tag, const Request& request,
                             const amqp::Properties& properties, Response response) {
  const Response& told = response;
  if (serving_.answered) {
    serving_.answered(request, told);
  }
  connection_->publish(nameko::encode_response(options_.exchange, properties, std::move(response)));
  connection_->acknowledge(delivery_tag);
}

void Server::Session::stop(Clock::time_point until) {
  stopped_ = true;
  in_session([&] {
    connection_->request(amqp::request::Cancel{.queue = queue_}, until);
    while (std::optional<amqp::Event> event = connection_->next_arrived(until)) {
      if (const auto* const delivery = std::get_if<amqp::Delivery>(&*event)) {
        connection_->requeue(delivery->delivery_tag);
      }
    }
  });
}

bool Server::Session::delete_queue(Clock::time_point until) {
  // On the channel of the messages, behind those that go back to the queue: only then does the
  // broker know whether it is empty. A refusal ends the session, which ends anyway.
  try {
    connection_->request(
        amqp::request::DeleteQueue{.queue = queue_, .if_unused = true, .if_empty = true}, until);
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) {
      throw;
    }
    return false;
  }
}

bool Server::Session::close(Clock::time_point until) {
  for (const auto& [id, open] : open_) {
    connection_->requeue(open.delivery_tag);
  }
  open_.clear();
  const bool clean = !made_queue_ || delete_queue(until);
  connection_->close(until);
  return clean;
}

Server::Server(Options options, ServerOptions serving)
    : session_(std::make_unique<Session>(std::move(options), std::move(serving))) {}
Server::~Server() = default;

void Server::start(Clock::time_point until) {
  session_->start(until);
}

void Server::run_once(std::span<pollfd> others, Clock::time_point until) {
  session_->run_once(others, until);
}

void Server::respond(std::uint64_t id, Response response) {
  session_->respond(id, std::move(response));
}

std::uint64_t Server::taken() const {
  return session_->taken();
}

std::size_t Server::unanswered() const {
  return session_->unanswered();
}

void Server::stop(Clock::time_point until) {
  session_->stop(until);
}

bool Server::close(Clock::time_point until) {
  return session_->close(until);
}

void Server::set_interrupt_fd(int fd) {
  session_->set_interrupt_fd(fd);
}

std::string Server::address() const {
  return session_->address();
}

}  // namespace miko
