#pragma once

#include <string>
#include <string_view>

#include "cli/file_input.h"
#include "cli/stubs.h"

namespace miko::cli {

/// Adds the methods of a file of stubs, YAML as miko-serve(1) describes it, to `stubs`.
/// Throws Error{usage} with file and line for anything it does not understand, and for a file that
/// is for another service.
void read_stub_file(const std::string& file, std::string_view service, FileInput& input,
                    Stubs& stubs);

}  // namespace miko::cli
