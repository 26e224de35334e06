#pragma once

#include <string>
#include <string_view>

namespace miko::nameko {

/// Nameko's default for the configuration key rpc_exchange.
inline constexpr std::string_view default_rpc_exchange = "nameko-rpc";

/// Throws Error{usage} for a name, `what` of, that is empty, not UTF-8 or has control characters.
void check_name(std::string_view what, std::string_view name);

/// "SERVICE.METHOD". Service names may contain dots, method names may not: a routing key with a
/// word more or less matches no binding "SERVICE.*". Throws Error{usage} for names that are empty,
/// not text, too long or, for a method, dotted.
[[nodiscard]] std::string rpc_routing_key(std::string_view service, std::string_view method);

/// "rpc-SERVICE": the queue all instances of a service take requests from. Throws Error{usage} for
/// a name that is empty, not text or too long.
[[nodiscard]] std::string rpc_queue_name(std::string_view service);

/// "rpc.reply-miko-<uuid>". RabbitMQ permissions can be granted on the part before the uuid.
[[nodiscard]] std::string reply_queue_name(std::string_view uuid);

/// "SERVICE.*": binds a queue to every request for a service.
[[nodiscard]] std::string rpc_binding_key(std::string_view service);

/// "miko.call.<uuid>": the one element of the call id stack that a call from outside begins with.
/// Nameko's own elements are "<service>.<method>.<uuid>".
[[nodiscard]] std::string call_id(std::string_view uuid);

}  // namespace miko::nameko
