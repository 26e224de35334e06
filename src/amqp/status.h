#pragma once

#include <string>
#include <string_view>

#include "amqp/codec.h"
#include "base/error.h"

namespace miko::amqp {

/// Turns a broker's connection.close or channel.close into an Error. Its `executed` is `no` where
/// the method complained of stands before any publish or is the publish itself; `maybe` otherwise.
[[nodiscard]] Error close_error(const method::Close& close, std::string_view user);

}  // namespace miko::amqp
