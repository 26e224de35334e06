#include "nameko/inspection.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "nameko/names.h"

namespace miko::nameko {
namespace {

constexpr std::uint16_t access_refused = 403;
constexpr std::uint16_t not_found = 404;

std::string hidden_hint(std::string_view service) {
  return fmt::format(
      "since 4.2.6 RabbitMQ shows a queue only to users with a permission on it: write on '{}' is "
      "the least",
      printable(rpc_queue_name(service)));
}

}  // namespace

amqp::Request inspection(std::string_view service) {
  return amqp::request::DeclareQueue{.queue = rpc_queue_name(service), .passive = true};
}

bool is_hidden(const amqp::Answer& answer) {
  return answer.refusal_code == access_refused;
}

std::optional<ServiceState> service_state(const amqp::Answer& answer) {
  if (answer.granted()) {
    return ServiceState{
        .deployed = true, .instances = answer.consumer_count, .ready = answer.message_count};
  }
  return answer.refusal_code == not_found ? std::optional(ServiceState()) : std::nullopt;
}

ServiceState service_state_of(std::string_view service, const amqp::Answer& answer) {
  const std::optional<ServiceState> state = service_state(answer);
  if (!state) {
    throw Error(
        {.kind = ErrorKind::denied,
         .message = fmt::format("the broker does not show the queue of '{}': {} {}",
                                printable(service), answer.refusal_code, answer.refusal_text),
         .hint = is_hidden(answer) ? hidden_hint(service) : ""});
  }
  return *state;
}

}  // namespace miko::nameko
