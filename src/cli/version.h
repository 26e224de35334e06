#pragma once

#include <string>

namespace miko::cli {

/// "miko X.Y.Z", then a line for each library it is linked with.
[[nodiscard]] std::string version_text();

}  // namespace miko::cli
