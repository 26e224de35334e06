#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/suite_case.h"
#include "nameko/client.h"

namespace miko::cli {

/// What came of waiting for an event.
struct EventOutcome {
  std::optional<std::string> data = std::nullopt;  ///< of the event that was as expected, JSON
  std::vector<Unmet> unmet = {};                   ///< if there was none
};

/// Listens for the event of a case, if it has one, and returns when events are being taken. Throws
/// Error as Listener::open() does.
class EventWatch {
 public:
  EventWatch(const FilledCase& filled, Options options, Clock::time_point deadline);
  ~EventWatch();
  EventWatch(const EventWatch&) = delete;
  EventWatch& operator=(const EventWatch&) = delete;

  /// Waits until an event is as expected. `keep_up` is called from time to time. Throws Error when
  /// the connection is lost.
  [[nodiscard]] EventOutcome wait(Clock::time_point deadline, const std::function<void()>& keep_up);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Dispatches the event of a case. Returns what went wrong with it alone; throws Error.
[[nodiscard]] std::optional<Failure> dispatch_event(const FilledCase& filled, Options options,
                                                    Clock::time_point deadline);

}  // namespace miko::cli
