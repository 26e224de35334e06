#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/histogram.h"
#include "nameko/service_state.h"

namespace miko::cli {

enum class PingFormat { text, json, nagios, prometheus };

/// What became of one ping.
struct PingAnswer {
  std::uint64_t seq = 0;
  Clock::duration elapsed = {};
  std::string problem = {};  ///< why nobody answered; empty if an instance did
};

/// What all of them came to.
struct PingResult {
  std::string service = {};
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  Histogram latency = {};
  ServiceState state = {};      ///< the last that was seen
  std::uint32_t ready_max = 0;  ///< the most requests that waited while an instance was running

  [[nodiscard]] double loss_percent() const;
};

/// Limits for the 95th percentile of the latency.
struct PingLimits {
  std::optional<std::chrono::nanoseconds> warn = std::nullopt;
  std::optional<std::chrono::nanoseconds> crit = std::nullopt;
};

enum class Health { ok, warning, critical };

/// A plugin's verdict: critical if nobody answered or `crit` is crossed, warning if a ping was lost
/// or `warn` is crossed.
[[nodiscard]] Health health(const PingResult& result, const PingLimits& limits);

/// "greeting: seq=1 time=1.32 ms", or {"seq", "ok", "ms", "problem"}; empty for the formats that
/// have no line for one ping.
[[nodiscard]] std::string ping_line(std::string_view service, const PingAnswer& answer,
                                    PingFormat format);

/// What stands at the end, without a newline: of text the statistics as ping(8) has them; of json
/// {"service", "sent", "received", "loss_percent", "instances", "ready_max", "ms": {"min", "mean",
/// "p95", "max"}}, where "ms" is null if nobody answered; of nagios a plugin's line; of prometheus
/// its text format.
[[nodiscard]] std::string ping_summary(const PingResult& result, const PingLimits& limits,
                                       PingFormat format);

/// "pings queue behind running calls: up to 14 requests waited for 2 instances"; empty if none did.
[[nodiscard]] std::string queueing_text(const PingResult& result);

}  // namespace miko::cli
