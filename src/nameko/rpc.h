#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "amqp/message.h"
#include "nameko/reply.h"

namespace miko::nameko {

/// What makes one request different from any other.
struct RequestIds {
  std::string correlation_id = {};
  std::string reply_to = {};  ///< the key by which the reply queue is bound; without dots
  std::string call_id = {};
};

/// A time in the queue as AMQP carries it: milliseconds, rounded up, at least 1.
[[nodiscard]] std::string expiration(Clock::duration lifetime);

/// The request of a call: exchange `exchange`, routing key "SERVICE.METHOD", mandatory, body
/// {"args": [any], "kwargs": {str: any}}, of a probe {}. It always has the content type, reply key
/// and call id stack without which a Nameko service dies of it; `lifetime` becomes its expiration.
/// Throws Error{usage} for names, arguments or headers that cannot be sent.
[[nodiscard]] amqp::Message encode_request(std::string_view exchange, std::string_view service,
                                           std::string_view method, Arguments arguments,
                                           RequestIds ids, Clock::duration lifetime);

/// Reads a reply body {"result": any, "error": null | {"exc_type": str, "exc_path": str,
/// "exc_args": [any], "value": str}}. What is no such thing is a Failure{bad_reply}. An exception
/// is unknown_method or bad_arguments when Nameko raised it about this very call, remote_error
/// otherwise.
[[nodiscard]] Reply decode_reply(std::string_view service, std::string_view method,
                                 amqp::Delivery&& delivery);

/// `message` as JSON: {"exchange": str, "routing_key": str, "mandatory": bool,
/// "properties": {..., "headers": {str: any}}, "body": any}.
[[nodiscard]] std::string describe(const amqp::Message& message);

}  // namespace miko::nameko
