#pragma once

#include <string>
#include <vector>

#include "cli/sources.h"

namespace CLI {
class App;
}

namespace miko::cli {

/// Declares the options that all commands have.
void add_global_options(CLI::App& app, TypedOptions& typed);

/// Those among the words of an unfinished command line. Throws Error{usage}.
[[nodiscard]] TypedOptions global_options_among(const std::vector<std::string>& words);

}  // namespace miko::cli
