#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"

namespace miko {

/// What is dispatched as one event. All JSON is text.
struct EventData {
  std::string data = "null";   ///< what handlers get, any JSON value
  std::string context = "{}";  ///< Nameko context data, a JSON object: key K travels as "nameko.K"
  std::string headers = "{}";  ///< other AMQP headers, a JSON object
  bool require_handler = false;  ///< the event fails if no queue is bound to it
  /// When to give up, instead of Options::timeout from now.
  std::optional<Clock::time_point> deadline = std::nullopt;
};

}  // namespace miko
