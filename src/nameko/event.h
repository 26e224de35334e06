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

/// An event as it arrived.
struct Event {
  std::string service = {};
  std::string type = {};
  std::string data = "null";   ///< JSON as it came; null when the body cannot be read
  std::string headers = "{}";  ///< JSON object: context key K is "nameko.K"
  bool redelivered = false;    ///< was delivered before and not acknowledged
  std::string fault = {};      ///< why the body cannot be read; empty if it can
  std::string body = {};       ///< the body then, any bytes
  std::uint64_t number = 0;    ///< for Listener::acknowledge()
};

}  // namespace miko
