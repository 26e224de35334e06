#pragma once

#include <chrono>
#include <string>

#include "nameko/event.h"

namespace miko::cli {

/// {"service": str, "event": str, "data": any, "headers": {...}, "at": str} on one line; "at" is
/// when the event arrived, as "2026-11-27T09:30:00.123Z". Then "redelivered": true if it came
/// before, and of a body that cannot be read "error": str and "body": str, with "data": null.
[[nodiscard]] std::string event_json(const Event& event, std::chrono::system_clock::time_point at);

/// "09:30:00.123  orders.paid  {"id":7}" for eyes, in local time.
[[nodiscard]] std::string event_text(const Event& event, std::chrono::system_clock::time_point at,
                                     bool colour);

}  // namespace miko::cli
