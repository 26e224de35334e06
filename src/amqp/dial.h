#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"

namespace miko::amqp {

/// A socket address, and how a person writes it.
struct Address {
  sockaddr_storage storage = {};
  socklen_t length = 0;
  std::string text = {};
};

/// The addresses of `host`, in the order to try them. Numbers and "localhost" (127.0.0.1 first, as
/// kombu has it) need no resolver; for other names the system's resolver works in a thread of its
/// own, because nothing else can leave it at `until`.
/// Throws Error{unreachable} or Error{interrupted}.
[[nodiscard]] std::vector<Address> resolve(const Loop& loop, const std::string& host,
                                           std::uint16_t port, Clock::time_point until);

/// A connected, non-blocking TCP socket to the first of `addresses` that answers. Each gets its
/// share of the time that is left, so one that stays silent does not use it up.
/// Throws Error{unreachable} with the last reason, or Error{interrupted}.
[[nodiscard]] UniqueFd dial(const Loop& loop, const std::vector<Address>& addresses,
                            std::string_view broker, Clock::time_point until);

}  // namespace miko::amqp
