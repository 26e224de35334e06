#pragma once

#include "base/error.h"

namespace miko::cli {

/// The exit status for each kind of failure. Scripts branch on these; they never change meaning.
[[nodiscard]] int exit_code(ErrorKind kind);

}  // namespace miko::cli
