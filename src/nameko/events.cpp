#include "nameko/events.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "nameko/context.h"
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

amqp::Message encode_event(std::string_view service, std::string_view type, EventData event,
                           std::uint64_t number) {
  std::string exchange = events_exchange(service);
  check_name("event", type);
  if (type.size() > name_size_max) {
    throw usage_error(fmt::format("the event name has more than {} bytes", name_size_max));
  }
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

}  // namespace miko::nameko
