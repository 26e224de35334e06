#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace miko::cli {

/// What is recorded, as typed.
struct RecordOptions {
  std::string suite = {};                ///< the file to write
  std::vector<std::string> inputs = {};  ///< of miko tap --record, or for miko batch
  bool replay = false;                   ///< makes every call, not only those without an answer
};

/// Writes a suite that passes today, of calls that somebody recorded or listed. Returns the exit
/// status. Throws Error.
[[nodiscard]] int record_suite(const RecordOptions& options, Session& session);

}  // namespace miko::cli
