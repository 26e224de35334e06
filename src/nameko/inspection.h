#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "amqp/request.h"
#include "nameko/service_state.h"

namespace miko::nameko {

/// Asks for the counts of a service's queue and changes nothing: a passive declaration.
/// Throws Error{usage} for a name that no service can have.
[[nodiscard]] amqp::Request inspection(std::string_view service);

/// Whether the broker does not show this user the queue. Since 4.2.6 RabbitMQ shows it only to
/// users with a permission on it, whichever (4.2.6 and 4.3.0 themselves: configure).
[[nodiscard]] bool is_hidden(const amqp::Answer& answer);

/// What the answer says; nothing if it is a refusal that tells nothing.
[[nodiscard]] std::optional<ServiceState> service_state(const amqp::Answer& answer);

/// The same. Throws Error{denied} where it tells nothing.
[[nodiscard]] ServiceState service_state_of(std::string_view service, const amqp::Answer& answer);

}  // namespace miko::nameko
