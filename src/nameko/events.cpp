#include "nameko/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "nameko/context.h"
#include "nameko/headers.h"
#include "nameko/names.h"

namespace miko::nameko {
namespace {

constexpr std::size_t name_size_max = 255;
constexpr std::string_view exchange_suffix = ".events";

// As Nameko's own dispatcher sends them.
constexpr std::uint8_t persistent = 2;
constexpr std::uint8_t normal_priority = 0;

}  // namespace

std::string events_exchange(std::string_view service) {
  check_name("service", service);
  if (service.size() + exchange_suffix.size() > name_size_max) {
    throw usage_error(fmt::format("the service name has more than {} bytes",
                                  name_size_max - exchange_suffix.size()));
  }
  return fmt::format("{}{}", service, exchange_suffix);
}

void check_event_type(std::string_view type) {
  check_name("event", type);
  if (type.size() > name_size_max) {
    throw usage_error(fmt::format("the event name has more than {} bytes", name_size_max));
  }
}

std::string events_queue_name(std::string_view name) {
  constexpr std::size_t size_max = 200;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-';
  });
  if (name.empty() || name.size() > size_max || !plain) {
    throw usage_error(
        fmt::format("'{}' is no name for a durable queue", printable(shortened(name, 60))),
        fmt::format("it has letters, digits, '.', '_' and '-', at most {}", size_max));
  }
  return reply_queue_name(fmt::format("listen-{}", name));
}

amqp::Message encode_event(std::string_view service, std::string_view type, EventData event,
                           std::uint64_t number) {
  std::string exchange = events_exchange(service);
  check_event_type(type);
  if (const auto fault = find_json_fault(event.data, JsonDialect::strict)) {
    throw usage_error(fmt::format("the data is not JSON: {}", fault->what));
  }
  return {.exchange = std::move(exchange),
          .routing_key = std::string(type),
          .mandatory = event.require_handler,
          .properties = {.content_type = "application/json",
                         .content_encoding = "utf-8",
                         .headers = message_headers(event.context, event.headers),
                         .delivery_mode = persistent,
                         .priority = normal_priority,
                         .correlation_id = event.require_handler ? fmt::format("{}", number) : ""},
          .body = std::move(event.data)};
}

Event decode_event(amqp::Delivery delivery) {
  std::string service = std::move(delivery.exchange);
  if (service.ends_with(exchange_suffix)) {
    service.resize(service.size() - exchange_suffix.size());
  }
  Event event = {.service = std::move(service),
                 .type = std::move(delivery.routing_key),
                 .headers = headers_json(delivery.properties.headers),
                 .redelivered = delivery.redelivered,
                 .number = delivery.delivery_tag};
  if (delivery.too_large) {
    event.fault = fmt::format("{} bytes are over the limit", delivery.announced_size);
  } else if (const auto fault = find_json_fault(delivery.body, JsonDialect::python)) {
    event.fault = fmt::format("not JSON: {} at byte {}", fault->what, fault->offset);
    event.body = std::move(delivery.body);
  } else {
    event.data = std::move(delivery.body);
  }
  return event;
}

Failure no_events_exchange(std::string_view service) {
  return {.kind = ErrorKind::unknown_service,
          .message = fmt::format("no exchange '{}' here, so no service '{}' dispatches events",
                                 printable(events_exchange(service)), printable(service)),
          .hint =
              "Nameko declares it when a service of this name that has an EventDispatcher, or a "
              "handler of its events, starts; is this the right broker and vhost?"};
}

}  // namespace miko::nameko
