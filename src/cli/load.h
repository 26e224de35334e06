#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/histogram.h"
#include "cli/arguments.h"
#include "cli/progress.h"
#include "nameko/client.h"

namespace miko::cli {

/// What load to put on a method.
struct LoadPlan {
  Target target = {};
  std::vector<Arguments> arguments = {};  ///< used in turn; at least one
  std::uint64_t in_flight = 10;
  std::optional<std::uint64_t> calls = std::nullopt;  ///< how many to measure
  std::optional<Clock::duration> duration = std::nullopt;
  /// Calls a second at fixed times, whatever comes back; without it, a call starts when another
  /// ends. Latency then counts from the time a call was due, so a stall of the service shows in all
  /// calls that it held up.
  std::optional<double> rate = std::nullopt;
  Clock::duration warmup = Clock::duration::zero();  ///< not measured
};

/// What was measured.
struct LoadResult {
  std::uint64_t calls = 0;  ///< that have an answer, or failed
  std::map<ErrorKind, std::uint64_t> errors = {};
  /// With a rate: calls that were due and never started, because too many were in flight.
  std::uint64_t missed = 0;
  /// Of every call that the service answered, of those that timed out, and of those missed, which
  /// count with the time they had waited at the end.
  Histogram latency = {};
  Clock::duration elapsed = {};
  Executed executed = Executed::no;            ///< whether any call may have run
  std::optional<Failure> lost = std::nullopt;  ///< the session ended before the plan did
  bool interrupted = false;

  [[nodiscard]] std::uint64_t failed() const;
  /// Calls a second.
  [[nodiscard]] double rate() const;
};

/// Carries out the plan over `rpc`, which is logged in and watches no interrupt descriptor.
/// A byte on `interrupt_fd` ends it early; what is in flight then is waited for.
/// Throws Error{usage} for what cannot be sent.
[[nodiscard]] LoadResult run_load(const LoadPlan& plan, Client& rpc, int interrupt_fd,
                                  Progress& progress);

}  // namespace miko::cli
