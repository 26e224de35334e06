#pragma once

#include <string>

#include "amqp/message.h"

namespace miko::nameko {

/// A header table as a JSON object, in its order. Numbers that JSON lacks come out as Python writes
/// them, NaN and Infinity, and bytes that are not UTF-8 as U+FFFD.
[[nodiscard]] std::string headers_json(const amqp::Table& headers);

}  // namespace miko::nameko
