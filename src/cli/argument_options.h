#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"

namespace CLI {
class App;
}

namespace miko::cli {

/// Declares what describes a call on the command line: SERVICE METHOD [ITEM...], --args, --kwargs,
/// --header and --ctx.
void add_argument_options(CLI::App& command, std::vector<std::string>& words,
                          ArgumentWords& arguments);

}  // namespace miko::cli
