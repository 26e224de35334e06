#pragma once

#include <vector>

#include "amqp/uri.h"
#include "nameko/client.h"

namespace miko::nameko {

/// The brokers that `options` name, in the order to try them, each part overridden by what is set.
/// Throws Error{usage}: a bad URI, or a user without password other than guest.
[[nodiscard]] std::vector<amqp::Endpoint> endpoints(const Options& options);

}  // namespace miko::nameko
