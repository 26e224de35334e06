#pragma once

#include <string_view>

namespace miko::amqp {

// rabbitmq-c 0.11 decodes nested tables by recursion without a limit, and whoever may publish a
// message may nest tables 26,000 deep in one frame. These walk over the bytes without recursion.

/// Whether the field table at the front of `bytes` is whole and nested at most `depth_max` deep.
[[nodiscard]] bool table_depth_within(std::string_view bytes, int depth_max);

/// The same for the headers among encoded basic properties (flags first); true without headers.
[[nodiscard]] bool header_table_depth_within(std::string_view properties, int depth_max);

}  // namespace miko::amqp
