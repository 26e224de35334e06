#include "nameko/exchange_pairs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "nameko/rpc.h"

namespace miko::nameko {
namespace {

constexpr std::string_view json_content_type = "application/json";
constexpr std::string_view call_id_stack_header = "nameko.call_id_stack";
constexpr std::string_view compression_header = "compression";

const amqp::FieldValue* find_header(const amqp::Table& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [name](const auto& header) { return header.first == name; });
  return found == headers.end() ? nullptr : &found->second;
}

std::vector<std::string> call_id_stack(const amqp::Table& headers) {
  const amqp::FieldValue* const header = find_header(headers, call_id_stack_header);
  const auto* const items = header != nullptr ? std::get_if<amqp::Array>(&header->value) : nullptr;
  std::vector<std::string> stack;
  for (const amqp::FieldValue& item : items != nullptr ? *items : amqp::Array()) {
    if (const auto* const id = std::get_if<std::string>(&item.value)) {
      stack.push_back(*id);
    }
  }
  return stack;
}

/// What a service's own calls show of the request during which it made them: the method, which is
/// in the id it runs under, and the id of that request's caller.
std::string parent_key(std::string_view service_and_method, std::string_view caller) {
  return fmt::format("{}\n{}", service_and_method, caller);
}

std::string parent_key(const Exchange& exchange) {
  return parent_key(fmt::format("{}.{}", exchange.service, exchange.method),
                    exchange.call_id_stack.empty() ? "" : exchange.call_id_stack.back());
}

/// Returns why there are none.
std::string read_arguments(const amqp::Delivery& delivery, Exchange& exchange) {
  const amqp::Properties& properties = delivery.properties;
  if (delivery.too_large) {
    return fmt::format("the request of {} bytes is over the limit", delivery.announced_size);
  }
  if (properties.content_type != json_content_type) {
    return fmt::format("the request is of type '{}', not application/json",
                       printable(shortened(properties.content_type, 60)));
  }
  if (find_header(properties.headers, compression_header) != nullptr) {
    return "the request is compressed";
  }
  if (const auto fault = find_json_fault(delivery.body, JsonDialect::python)) {
    return fmt::format("the request is not JSON: {} at byte {}", fault->what, fault->offset);
  }
  if (json_type(delivery.body) != JsonType::object) {
    return "the request is not an object";
  }
  for (const JsonMember& member : json_members(delivery.body)) {
    const std::string key = json_decode_string(member.key);
    if (key == "args") {
      exchange.args = member.value;
    } else if (key == "kwargs") {
      exchange.kwargs = member.value;
    }
  }
  return "";
}

}  // namespace

void ExchangePairs::request(const amqp::Delivery& delivery, Clock::time_point now) {
  const std::size_t dot = delivery.routing_key.rfind('.');
  Exchange exchange = {.number = ++last_number_,
                       .service = delivery.routing_key.substr(0, dot),
                       .method = delivery.routing_key.substr(dot + 1),
                       .call_id_stack = call_id_stack(delivery.properties.headers),
                       .requested = now};
  exchange.request_fault = read_arguments(delivery, exchange);
  exchange.reply.correlation_id = delivery.properties.correlation_id;
  find_parent(exchange);
  const std::string& id = exchange.reply.correlation_id;
  if (const auto same = by_correlation_id_.find(id); same != by_correlation_id_.end()) {
    give_up(same->second, now, "another request with its correlation id was sent");
  }
  while (!waiting_.empty() && (waiting_.size() >= bounds_.waiting_max ||
                               waiting_bytes_ + exchange.size() > bounds_.bytes_max)) {
    give_up(waiting_.begin()->first, now, "too many requests wait for replies");
  }
  if (!id.empty()) {
    by_correlation_id_.emplace(id, exchange.number);
  }
  possible_parents_[parent_key(exchange)].insert(exchange.number);
  waiting_bytes_ += exchange.size();
  waiting_.emplace(exchange.number, std::move(exchange));
}

void ExchangePairs::find_parent(Exchange& exchange) {
  const std::vector<std::string>& stack = exchange.call_id_stack;
  if (stack.empty()) {
    return;
  }
  const std::string& caller = stack.back();
  if (const auto known = by_call_id_.find(caller); known != by_call_id_.end()) {
    exchange.parent_number = known->second;
    return;
  }
  const std::string_view service_and_method =
      std::string_view(caller).substr(0, std::min(caller.rfind('.'), caller.size()));
  const auto possible = possible_parents_.find(parent_key(
      service_and_method, stack.size() > 1 ? std::string_view(stack[stack.size() - 2]) : ""));
  if (possible == possible_parents_.end()) {
    return;
  }
  Exchange& parent = waiting_.at(*possible->second.begin());
  exchange.parent_number = parent.number;
  parent.call_id = caller;
  by_call_id_.emplace(caller, parent.number);
  possible->second.erase(possible->second.begin());
  if (possible->second.empty()) {
    possible_parents_.erase(possible);
  }
}

void ExchangePairs::reply(amqp::Delivery delivery, Clock::time_point now) {
  const auto found = by_correlation_id_.find(delivery.properties.correlation_id);
  if (found == by_correlation_id_.end()) {
    ++unmatched_replies_;
    return;
  }
  Exchange exchange = remove(found->second);
  Reply reply = decode_reply(exchange.service, exchange.method, std::move(delivery));
  reply.correlation_id = std::move(exchange.reply.correlation_id);
  reply.elapsed = now - exchange.requested;
  exchange.reply = std::move(reply);
  exchange.answered = true;
  finished_.push_back(std::move(exchange));
}

void ExchangePairs::expire(Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(reply_timeout_).count();
  while (!waiting_.empty() && waiting_.begin()->second.requested + reply_timeout_ <= now) {
    give_up(waiting_.begin()->first, now, fmt::format("no reply in {:g} s", seconds));
  }
}

std::optional<Clock::time_point> ExchangePairs::next_deadline() const {
  return waiting_.empty() ? std::nullopt
                          : std::optional(waiting_.begin()->second.requested + reply_timeout_);
}

void ExchangePairs::give_up(std::uint64_t number, Clock::time_point now, std::string message) {
  Exchange exchange = remove(number);
  exchange.reply.elapsed = now - exchange.requested;
  exchange.reply.failure = Failure{
      .kind = ErrorKind::timeout, .message = std::move(message), .executed = Executed::maybe};
  finished_.push_back(std::move(exchange));
}

Exchange ExchangePairs::remove(std::uint64_t number) {
  const auto found = waiting_.find(number);
  Exchange exchange = std::move(found->second);
  waiting_.erase(found);
  waiting_bytes_ -= exchange.size();
  by_correlation_id_.erase(exchange.reply.correlation_id);
  if (!waiting_.contains(exchange.parent_number)) {
    exchange.parent_number = 0;
  }
  if (!exchange.call_id.empty()) {
    by_call_id_.erase(exchange.call_id);
  } else if (const auto possible = possible_parents_.find(parent_key(exchange));
             possible != possible_parents_.end()) {
    possible->second.erase(number);
    if (possible->second.empty()) {
      possible_parents_.erase(possible);
    }
  }
  return exchange;
}

}  // namespace miko::nameko
