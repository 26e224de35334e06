#include "cli/standard_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

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

StandardOutput::StandardOutput(Failure failure) : failure_(std::move(failure)) {
  const mode_t type = stdout_type();
  if (type == S_IFIFO || type == S_IFCHR) {
    // stdout anew and non-blocking; the flag on stdout itself would be shared with other programs.
    // Not for a file, which would be written from its start again. May fail: writes are small then.
    own_ = UniqueFd(::open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  }
  is_file_ = type == S_IFREG;
}

int StandardOutput::fd() const {
  return own_ ? own_.get() : STDOUT_FILENO;
}

std::size_t StandardOutput::write(std::string_view text) const {
  if (!own_ && !is_file_) {
    // It may wait although poll() says that there is room.
    if (Loop().wait(fd(), POLLOUT, Clock::time_point()) == 0) {
      return 0;
    }
    text = text.substr(0, surely_taken);
  }
  const ssize_t count = ::write(fd(), text.data(), text.size());
  if (count >= 0) {
    return static_cast<std::size_t>(count);
  }
  // A signal is the caller's to notice.
  if (errno == EAGAIN || errno == EINTR) {
    return 0;
  }
  Failure failure = failure_;
  failure.message += ": ";
  failure.message += std::strerror(errno);
  throw Error(std::move(failure));
}

}  // namespace miko::cli
