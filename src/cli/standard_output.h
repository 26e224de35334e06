#pragma once

#include <poll.h>

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"

namespace miko::cli {

/// Standard output for whoever must not wait in write(): a reader that does not keep up is waited
/// for in poll(), where signals and the broker are heard.
class StandardOutput {
 public:
  /// `failure` is thrown when a write fails, with the system's reason behind its message.
  explicit StandardOutput(Failure failure);

  /// Writes what stdout takes now and returns how many bytes that is; 0 if it is full. Throws
  /// Error.
  [[nodiscard]] std::size_t write(std::string_view text) const;

  /// A regular file, which takes everything at once.
  [[nodiscard]] bool is_file() const { return is_file_; }

  /// To wait until write() gets on.
  [[nodiscard]] pollfd writable() const { return {.fd = fd(), .events = POLLOUT, .revents = 0}; }

 private:
  [[nodiscard]] int fd() const;

  Failure failure_;
  UniqueFd own_ = {};
  bool is_file_ = false;
};

}  // namespace miko::cli
