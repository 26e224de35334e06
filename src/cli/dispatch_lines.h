#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/command.h"
#include "nameko/event.h"

namespace miko::cli {

/// dispatch --lines: which event, and what all of them have in common.
struct EventLines {
  Target target = {};  ///< service and event
  EventData common = {};
  bool no_progress = false;
};

/// Dispatches an event for each JSON value of standard input. Writes one line {"index", "error"} to
/// stdout for each that was not dispatched. Returns the exit status: 0, 3 when some were not, 1
/// when none was. Throws Error for what ends it before the first event, and output_failed.
[[nodiscard]] int dispatch_lines(const EventLines& lines, Session& session);

}  // namespace miko::cli
