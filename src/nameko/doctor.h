#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "nameko/client.h"

namespace miko {

enum class Verdict { ok, warning, failed, skipped };

/// "ok", "warning", "failed" or "skipped".
[[nodiscard]] std::string_view verdict_word(Verdict verdict);

/// What one check of a connection came to. All texts are printable.
struct Finding {
  /// "resolve", "connect", "tls", "login", "vhost", "exchange", "rights", "reply_queue",
  /// "round_trip" or "service"
  std::string_view check = {};
  Verdict verdict = Verdict::ok;
  std::string detail = {};
  std::string remedy = {};                                ///< what to do about it; may be empty
  std::optional<ErrorKind> kind = std::nullopt;           ///< of what failed
  std::optional<Clock::duration> elapsed = std::nullopt;  ///< nothing if it took no time of its own
};

/// Connects as a call does and looks at everything a call needs, until something without which
/// nothing else can be looked at has failed; the rest is skipped. With a service also whether it
/// has instances and whether one answers: a method that cannot exist is called, which runs no code
/// of it. Nothing is left at the broker. `found` gets each finding as soon as it is made.
/// Throws Error{usage} for options that cannot be used, and Error{interrupted}.
void examine(const Options& options, std::string_view service, Clock::time_point until,
             const std::function<void(Finding)>& found);

}  // namespace miko
