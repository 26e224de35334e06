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

  /// To wait until write() gets on.
  [[nodiscard]] pollfd writable() const { return {.fd = fd(), .events = POLLOUT, .revents = 0}; }

 private:
  [[nodiscard]] int fd() const;

  Failure failure_;
  UniqueFd own_ = {};
  bool may_wait_ = true;  ///< a write may wait although poll() said that there is room
};

}  // namespace miko::cli
