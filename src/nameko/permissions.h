#pragma once

#include <string>
#include <string_view>

namespace miko::nameko {

/// The line for a shell of the broker's host that gives a user the rights to call services and no
/// others: configure, write and read on miko's reply queues, write and read on the exchange. It
/// takes the place of all rights the user has on the vhost.
[[nodiscard]] std::string permissions_line(std::string_view user, std::string_view vhost,
                                           std::string_view exchange);

}  // namespace miko::nameko
