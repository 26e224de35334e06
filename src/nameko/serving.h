#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "amqp/message.h"
#include "nameko/server.h"

/// The service's side of a call, as nameko/rpc.h is the caller's.
namespace miko::nameko {

/// A message that gets no answer, and why, as a part of a sentence.
struct Dropped {
  std::string why = {};
};

/// A request that is answered without being handled.
struct Refused {
  Request request = {};
  Response response = {};
};

using Incoming = std::variant<Request, Refused, Dropped>;

/// Reads a request, and looks at it in Nameko's order: what cannot be decoded is dropped, then the
/// method must exist, then the body must have `args` and `kwargs`. What would kill a service under
/// Nameko is dropped as well. Request::id and Request::arrived are left to the caller.
/// Source: Nameko 2.14.1 nameko/rpc.py, RpcConsumer.handle_message and Rpc.handle_message.
[[nodiscard]] Incoming decode_request(const ServerOptions& serving, const amqp::Delivery& delivery);

/// The answer to the request in `delivery`: exchange `exchange`, routing key its reply_to, body
/// {"result": any, "error": null} or {"result": null, "error": {"exc_type": str, "exc_path": str,
/// "exc_args": [any], "value": str}}, the latter in Python's own bytes.
[[nodiscard]] amqp::Message encode_response(std::string_view exchange,
                                            const amqp::Properties& request, Response response);

}  // namespace miko::nameko
