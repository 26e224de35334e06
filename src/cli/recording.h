#pragma once

#include <string>

#include "base/fd.h"

namespace miko::cli {

/// A file for lines that may hold secrets: nobody but its owner may read it.
class Recording {
 public:
  /// Empties the file if there is one. Throws Error{usage}.
  explicit Recording(const std::string& name);

  /// Writes a line; `line` has no newline. Throws Error{output_failed}.
  void write(std::string line);

 private:
  std::string shown_;
  UniqueFd file_;
};

}  // namespace miko::cli
