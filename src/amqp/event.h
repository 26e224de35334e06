#pragma once

#include <variant>

#include "amqp/message.h"
#include "amqp/request.h"

namespace miko::amqp {

/// What a connection has to say besides failing.
using Event = std::variant<Delivery, Returned, Confirmed, Answer>;

}  // namespace miko::amqp
