#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace miko::cli {

struct ShowOptions {
  std::string name = {};  ///< empty: the one in use
  bool effective = false;
};

struct ValidateOptions {
  std::vector<std::string> names = {};  ///< empty: all
  bool connect = false;                 ///< logs in, too
};

/// miko context ls: prints the contexts, those that cannot be read as well.
/// These three return the exit status and throw Error.
int list_contexts(const Session& session);

/// miko context show.
int show_context(const ShowOptions& options, const Session& session);

/// miko context validate: prints a verdict for each. The status is that of the first failure.
int validate_contexts(const ValidateOptions& options, const Session& session);

/// For reading the few files of a context.
[[nodiscard]] Clock::time_point reading_deadline(const Session& session);

}  // namespace miko::cli
