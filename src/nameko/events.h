#pragma once

#include <string>
#include <string_view>

#include "amqp/message.h"
#include "base/error.h"
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

/// Throws Error{usage} for the type of an event, or a pattern for it, that is empty, not text or
/// too long.
void check_event_type(std::string_view type);

/// "rpc.reply-miko-listen-NAME": a queue that takes copies of events; `name` is what --durable
/// says, or a uuid. It begins as a reply queue does, so that the same permissions serve both.
/// Throws Error{usage} for a name of other characters than letters, digits, '.', '_' and '-', or of
/// more than 200.
[[nodiscard]] std::string events_queue_name(std::string_view name);

/// Reads what a queue bound to "SERVICE.events" delivers. A body that is not JSON, or over the
/// limit, is told in Event::fault.
[[nodiscard]] Event decode_event(amqp::Delivery delivery);

/// What there is to say when there is no exchange for the events of `service`.
[[nodiscard]] Failure no_events_exchange(std::string_view service);

}  // namespace miko::nameko
