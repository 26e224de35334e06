#include "cli/recording.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace miko::cli {

Recording::Recording(const std::string& name)
    : shown_(fmt::format("'{}'", shown_word(name, 200))),
      file_(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600)) {
  struct stat status = {};
  if (!file_ || ::fstat(file_.get(), &status) != 0 ||
      (S_ISREG(status.st_mode) && ::fchmod(file_.get(), 0600) != 0)) {
    throw usage_error(fmt::format("cannot write {}: {}", shown_, std::strerror(errno)));
  }
}

void Recording::write(std::string line) {
  line += '\n';
  for (std::string_view text = line; !text.empty();) {
    const ssize_t count = ::write(file_.get(), text.data(), text.size());
    if (count < 0 && errno != EINTR) {
      throw Error({.kind = ErrorKind::output_failed,
                   .message = fmt::format("cannot write {}: {}", shown_, std::strerror(errno))});
    }
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  }
}

}  // namespace miko::cli
