// A connection that consumes, publishes and inquires, against a server that says anything. Input:
// two bytes with options, see plan_of(), then what the server says, as a script of script.h.

#include <algorithm>
#include <array>
#include <utility>

#include "amqp/connection.h"
#include "fuzz/fuzz.h"
#include "fuzz/simulated_network.h"
#include "nameko/endpoints.h"

namespace miko::fuzz {
namespace {

constexpr std::chrono::seconds whole_time{5};
constexpr std::size_t events_max = 1000;

struct Plan {
  amqp::ConnectionOptions connection = {};
  NetworkOptions network = {};
  unsigned messages = 0;
  unsigned inquiries = 0;
  bool waits = false;  ///< for each inquiry, instead of asking all at once
  bool requeues = false;
};

Plan plan_of(Input& input) {
  const unsigned first = input.u8();
  const unsigned second = input.u8();
  const auto has = [](unsigned options, unsigned bit) { return (options >> bit & 1U) != 0; };
  constexpr std::array ends = {End::eof, End::close, End::reset, End::silence};
  Plan plan = {.messages = second & 3U,
               .inquiries = second >> 2U & 3U,
               .waits = has(second, 4),
               .requeues = has(second, 5)};
  plan.connection = nameko::connection_options(
      {.broker = has(first, 5) ? "amqp://127.0.0.1;amqp://[::1]:1/v" : "amqp://127.0.0.1",
       .reply_size_max = has(second, 6) ? 64U : 1'000'000U,
       .careful = has(first, 0)});
  plan.connection.opening = {
      amqp::request::DeclareExchange{.exchange = "e"},
      amqp::request::DeclareQueue{.queue = "q", .exclusive = true},
      amqp::request::BindQueue{.queue = "q", .exchange = "e", .routing_key = "#"},
      amqp::request::Prefetch{.count = 1},
      amqp::request::Consume{.queue = "q", .acknowledged = true}};
  plan.connection.headers = has(first, 6) ? amqp::Headers::skip : amqp::Headers::keep;
  plan.network = {.end = ends[first >> 1U & 3U],
                  .end_at_once = has(first, 3),
                  .speaks_first = has(first, 4),
                  .deaf = has(first, 7)};
  plan.network.conversations = read_script(input);
  return plan;
}

int depth_of(const amqp::Table& table);

int depth_of(const amqp::FieldValue& value) {
  if (const auto* table = std::get_if<amqp::Table>(&value.value)) {
    return depth_of(*table);
  }
  int depth = 0;
  if (const auto* array = std::get_if<amqp::Array>(&value.value)) {
    for (const amqp::FieldValue& item : *array) {
      depth = std::max(depth, depth_of(item));
    }
    ++depth;
  }
  return depth;
}

int depth_of(const amqp::Table& table) {
  int depth = 0;
  for (const auto& [name, value] : table) {
    require(name.size() <= 255, "a name that is too long", name);
    depth = std::max(depth, depth_of(value));
  }
  return depth + 1;
}

class Talk {
 public:
  explicit Talk(Plan plan)
      : plan_(std::move(plan)), network_(plan_.network), connection_(loop_, plan_.connection) {}

  void run() {
    const Clock::time_point until = network_.now() + whole_time;
    try {
      connection_.open(until);
      for (unsigned i = 0; i < plan_.messages; ++i) {
        connection_.publish({.exchange = "e", .routing_key = "k", .body = "x"});
      }
      ask(until);
      hear(until);
    } catch (const Error& error) {
      require_failure(error.failure(),
                      {ErrorKind::unreachable, ErrorKind::denied, ErrorKind::connection_lost,
                       ErrorKind::unknown_service, ErrorKind::timeout});
      require(error.failure().executed != Executed::yes, "executed by whom", error.what());
    }
    connection_.close(network_.now() + std::chrono::seconds(1));
    require(network_.now() <= until + std::chrono::seconds(2), "it takes too long");
    for (const SimulatedNetwork::Exchange& exchange : network_.exchanges()) {
      require(whole_messages(exchange.heard) <= plan_.messages, "more than was published");
    }
    require(connection_.published_and_left() <= plan_.messages, "more left than was published");
  }

 private:
  void ask(Clock::time_point until) {
    const amqp::Request passive = amqp::request::DeclareQueue{.queue = "other", .passive = true};
    for (unsigned i = 0; i < plan_.inquiries; ++i) {
      if (plan_.waits) {
        check(connection_.inquire(passive, until));
      } else {
        connection_.inquire(passive);
      }
    }
  }

  void hear(Clock::time_point until) {
    for (std::size_t i = 0; i < events_max && network_.now() < until; ++i) {
      std::optional<amqp::Event> event = connection_.next(until);
      if (!event) {
        continue;
      }
      if (const auto* answer = std::get_if<amqp::Answer>(&*event)) {
        check(*answer);
      } else if (const auto* delivery = std::get_if<amqp::Delivery>(&*event)) {
        check(*delivery);
      } else if (const auto* back = std::get_if<amqp::Returned>(&*event)) {
        check_headers(back->properties);
      }
    }
  }

  void check(const amqp::Answer& answer) {
    require_showable("a refusal", answer.refusal_text);
    if (answer.channel == amqp::inquiry_channel) {
      require(++answers_ <= plan_.inquiries, "an answer to no inquiry");
    }
  }

  void check(const amqp::Delivery& delivery) {
    require(delivery.body.size() <= plan_.connection.body_size_max, "a body over the limit");
    require(delivery.too_large || delivery.body.size() == delivery.announced_size,
            "a body that is not as long as announced");
    check_headers(delivery.properties);
    if (plan_.requeues) {
      connection_.requeue(delivery.delivery_tag);
    } else {
      connection_.acknowledge(delivery.delivery_tag);
    }
  }

  void check_headers(const amqp::Properties& properties) const {
    require(plan_.connection.headers == amqp::Headers::keep || properties.headers.empty(),
            "headers that nobody wants");
    require(depth_of(properties.headers) <= amqp::table_depth_max, "headers that are too deep");
  }

  Plan plan_;
  Loop loop_ = Loop();
  SimulatedNetwork network_;
  amqp::Connection connection_;
  unsigned answers_ = 0;
};

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko::fuzz;
  Input input(data, size);
  Talk(plan_of(input)).run();
  return 0;
}
