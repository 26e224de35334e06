#pragma once

#include <string_view>

#include "amqp/message.h"

namespace miko::nameko {

/// The header table of a request: the call id stack, context data with the prefix "nameko.", and
/// other headers under their own names. `context` and `headers` are JSON objects; a null value is
/// left out, as Nameko does.
///
/// Throws Error{usage} for what is no JSON object, for a call_id_stack (one that is not an array of
/// strings kills every instance of the service in turn), for `compression` (the body is not
/// compressed), for numbers that AMQP or Nameko's reading of it cannot hold, and for more than fits
/// a frame.
[[nodiscard]] amqp::Table request_headers(std::string call_id, std::string_view context,
                                          std::string_view headers);

/// The same without a call id stack, for messages that need none.
[[nodiscard]] amqp::Table message_headers(std::string_view context, std::string_view headers);

}  // namespace miko::nameko
