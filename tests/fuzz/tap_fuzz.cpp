// Requests and replies that pass by a tap. Input: records, each of a byte ('q' for a request, any
// other for a reply), the routing key up to a newline, a content header and a body, both with their
// lengths (16 bits) in front.

#include <array>
#include <set>
#include <utility>

#include "amqp/codec.h"
#include "cli/tap_filter.h"
#include "cli/tap_line.h"
#include "fuzz/fuzz.h"
#include "nameko/exchange_pairs.h"
#include "nameko/headers.h"

namespace miko::fuzz {
namespace {

constexpr std::chrono::seconds reply_timeout{3};
constexpr nameko::PairBounds bounds = {.waiting_max = 4, .bytes_max = 10'000};

amqp::Delivery read_delivery(Input& input, amqp::Decoder& decoder) {
  amqp::Delivery delivery = {.routing_key = std::string(input.take_until('\n'))};
  const unsigned header_size = input.u16();
  const std::string header(input.take(header_size));
  try {
    delivery.properties = decoder.content_header(header).properties;
  } catch (const Error& error) {
    require_failure(error.failure(), {ErrorKind::connection_lost});
  }
  const unsigned body_size = input.u16();
  delivery.body = input.take(body_size);
  return delivery;
}

void check_shown(const Exchange& exchange) {
  const std::chrono::system_clock::time_point at = {};
  for (const cli::Values values : {cli::Values::shortened, cli::Values::whole}) {
    const std::string json = cli::exchange_json(exchange, at, values);
    require_json("a line", json, JsonDialect::python);
    require_showable("a line", json);
    require_showable("arguments", cli::arguments_text(exchange, values));
    require_showable("an outcome", cli::outcome_text(exchange, values));
  }
  const std::array<cli::LineLayout, 3> layouts = {
      {{}, {.width = 0, .indent = 3}, {.width = 60, .indent = 200}}};
  for (const cli::LineLayout& layout : layouts) {
    require_showable("a line for eyes", cli::exchange_line(exchange, at, layout));
  }
  static_cast<void>(cli::exchange_line(exchange, at, {.width = 80, .colour = true}));
}

class Watched {
 public:
  void pass(bool request, amqp::Delivery delivery) {
    const std::string headers = nameko::headers_json(delivery.properties.headers);
    require_json("headers", headers, JsonDialect::python);
    const cli::TapFilter filter = {.errors = delivery.body.empty(),
                                   .method = delivery.routing_key.substr(0, 40),
                                   .text = delivery.properties.correlation_id};
    request ? pairs_.request(delivery, now_) : pairs_.reply(std::move(delivery), now_);
    require(pairs_.waiting() <= bounds.waiting_max, "more wait than may");
    now_ += std::chrono::milliseconds(500);
    take(filter);
  }

  void end() {
    now_ += reply_timeout;
    take({});
    require(pairs_.waiting() == 0 && !pairs_.next_deadline(), "something waits for ever");
  }

 private:
  void take(const cli::TapFilter& filter) {
    pairs_.expire(now_);
    for (const Exchange& exchange : pairs_.take()) {
      require(numbers_.insert(exchange.number).second, "an exchange comes twice");
      require(exchange.parent_number < exchange.number, "a parent that is younger");
      require(exchange.answered || !exchange.reply.ok(), "a result without a reply");
      check_shown(exchange);
      static_cast<void>(filter.passes(exchange));
    }
  }

  nameko::ExchangePairs pairs_{reply_timeout, bounds};
  Clock::time_point now_ = Clock::time_point(std::chrono::hours(1));
  std::set<std::uint64_t> numbers_ = {};
};

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko;
  fuzz::Input input(data, size);
  amqp::Decoder decoder(amqp::Headers::keep);
  fuzz::Watched watched;
  while (!input.empty()) {
    const bool request = input.u8() == 'q';
    watched.pass(request, fuzz::read_delivery(input, decoder));
  }
  watched.end();
  return 0;
}
