#include "cli/line_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/loop.h"

namespace miko::cli {
namespace {

/// A pipe that poll() calls writable takes this much without waiting. Source: POSIX, PIPE_BUF.
constexpr std::size_t surely_taken = 4096;

mode_t stdout_type() {
  struct stat status = {};
  return ::fstat(STDOUT_FILENO, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

}  // namespace

LineOutput::LineOutput() {
  const mode_t type = stdout_type();
  if (type == S_IFIFO || type == S_IFCHR) {
    // stdout anew and non-blocking; the flag on stdout itself would be shared with other programs.
    // Not for a file, which would be written from its start again. May fail: writes are small then.
    own_ = UniqueFd(::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  }
  may_wait_ = !own_ && type != S_IFREG;
}

int LineOutput::fd() const {
  return own_ ? own_.get() : STDOUT_FILENO;
}

void LineOutput::append(std::string_view line) {
  text_ += line;
  text_ += '\n';
}

void LineOutput::flush() {
  while (at_ < text_.size()) {
    std::size_t count = text_.size() - at_;
    if (may_wait_) {
      if (Loop().wait(fd(), POLLOUT, Clock::time_point()) == 0) {
        break;
      }
      count = std::min(count, surely_taken);
    }
    const ssize_t written = ::write(fd(), text_.data() + at_, count);
    if (written < 0) {
      if (errno == EAGAIN) {
        break;
      }
      if (errno == EINTR) {
        continue;
      }
      throw Error({.kind = ErrorKind::output_failed,
                   .message = fmt::format("cannot write the answers: {}", std::strerror(errno)),
                   .executed = Executed::maybe});
    }
    at_ += static_cast<std::size_t>(written);
  }
  // The part that was written is given up in large steps, not for each line.
  if (at_ == text_.size() || at_ > text_.size() / 2) {
    text_.erase(0, at_);
    at_ = 0;
  }
}

}  // namespace miko::cli
