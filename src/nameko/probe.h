#pragma once

#include <string_view>

#include "nameko/reply.h"

namespace miko {

/// A method that no service has, since no name in Python has a '-': a live instance says so without
/// running any of the service's code.
inline constexpr std::string_view ping_method = "miko-ping";

/// An instance has answered, whatever it said.
[[nodiscard]] bool is_alive(const Reply& reply);

enum class Presence { present, missing, unknown };

/// Whether the instance that answered a call with Arguments::probe has the method; unknown if none
/// answered.
[[nodiscard]] Presence presence(const Reply& reply);

}  // namespace miko
