#pragma once

#include <string>
#include <string_view>

#include "amqp/message.h"
#include "nameko/event.h"

/// Events on the wire. Source: Nameko 2.14.1 and 3.0.0rc11, nameko/events.py and captures.
namespace miko::nameko {

/// "SERVICE.events": the topic exchange that the events of a service go through. Throws
/// Error{usage} for a name that is empty, not text or too long.
[[nodiscard]] std::string events_exchange(std::string_view service);

/// The message of an event: exchange "SERVICE.events", routing key the event type, persistent, body
/// the bare data. With require_handler it is mandatory and has `number` as its correlation id, by
/// which a broker that returns it says which one it was.
/// Throws Error{usage} for names, data or headers that cannot be sent.
[[nodiscard]] amqp::Message encode_event(std::string_view service, std::string_view type,
                                         EventData event, std::uint64_t number);

}  // namespace miko::nameko
