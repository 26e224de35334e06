#pragma once

#include <vector>

#include "amqp/connection.h"
#include "amqp/uri.h"
#include "nameko/client.h"

namespace miko::nameko {

/// The brokers that `options` name, in the order to try them, each part overridden by what is set.
/// Throws Error{usage}: a bad URI, or a user without password other than guest.
[[nodiscard]] std::vector<amqp::Endpoint> endpoints(const Options& options);

/// How to connect to them; what is asked for in the opening is up to the caller.
/// Throws Error{usage}.
[[nodiscard]] amqp::ConnectionOptions connection_options(const Options& options);

}  // namespace miko::nameko
