#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "cli/file_input.h"
#include "cli/nameko_config.h"
#include "cli/suite.h"

namespace miko::cli {

/// What of a suite does not come out of its file.
struct SuiteSources {
  std::vector<std::string> variables = {};  ///< --var: NAME=TEXT, NAME:=JSON, NAME=@FILE
  Environment environment = {};
  std::chrono::nanoseconds timeout = {};  ///< of a case that sets none
  Loop loop = Loop();
  Clock::time_point until = {};  ///< for reading secrets
};

/// The keys of a suite, of a case and so on, as suite.schema.json has them as well.
struct SuiteKeys {
  std::string_view what;  ///< "suite", "defaults", "case", "dispatch", "event", "retry"
  std::vector<std::string> keys;
};
[[nodiscard]] std::span<const SuiteKeys> suite_keys();

/// Reads a suite, YAML as miko-smoke(5) describes it, and checks all of it: names, expectations,
/// variables and where they come from.
/// Throws Error{usage} with file and line.
[[nodiscard]] Suite read_suite(const std::string& file, const SuiteSources& sources,
                               FileInput& input);

/// The same of a file with this content.
[[nodiscard]] Suite parse_suite(const std::string& file, const std::string& content,
                                const SuiteSources& sources, FileInput& input);

}  // namespace miko::cli
