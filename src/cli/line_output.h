#pragma once

#include <string>
#include <string_view>

#include "cli/standard_output.h"

namespace miko::cli {

/// Lines on their way to stdout, kept as long as its reader does not keep up.
class LineOutput {
 public:
  LineOutput();

  /// Appends a line; `line` has no newline. Nothing is written yet.
  void append(std::string_view line);

  /// Writes what stdout takes now. Throws Error{output_failed}.
  void flush();

  /// Stdout is a regular file, which takes everything at once.
  [[nodiscard]] bool is_file() const { return output_.is_file(); }

  /// Bytes that wait.
  [[nodiscard]] std::size_t pending() const { return text_.size() - at_; }

  /// To wait until flush() gets on.
  [[nodiscard]] pollfd writable() const { return output_.writable(); }

 private:
  StandardOutput output_;
  std::string text_ = {};
  std::size_t at_ = 0;
};

}  // namespace miko::cli
