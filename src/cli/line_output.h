#pragma once

#include <poll.h>

#include <string>
#include <string_view>

#include "base/fd.h"

namespace miko::cli {

/// Lines on their way to stdout. A reader that does not keep up is waited for in poll() and not in
/// write(), so the rest of the program lives on.
class LineOutput {
 public:
  LineOutput();

  /// Appends a line; `line` has no newline. Nothing is written yet.
  void append(std::string_view line);

  /// Writes what stdout takes now. Throws Error{output_failed}.
  void flush();

  /// Bytes that wait.
  [[nodiscard]] std::size_t pending() const { return text_.size() - at_; }

  /// To wait until flush() gets on.
  [[nodiscard]] pollfd writable() const { return {.fd = fd(), .events = POLLOUT, .revents = 0}; }

 private:
  [[nodiscard]] int fd() const;

  UniqueFd own_ = {};
  bool may_wait_ = true;  ///< a write may wait although poll() said that there is room
  std::string text_ = {};
  std::size_t at_ = 0;
};

}  // namespace miko::cli
