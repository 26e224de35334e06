#include "cli/new_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace miko::cli {
namespace {

Error cannot_write(const std::string& file, int reason) {
  return usage_error(fmt::format("cannot write '{}': {}", printable(file), std::strerror(reason)));
}

}  // namespace

NewFile::NewFile(const std::string& target) : target_(target), path_(target + ".XXXXXX") {
  fd_ = UniqueFd(::mkostemp(path_.data(), O_CLOEXEC));
  if (!fd_) {
    throw cannot_write(target_, errno);
  }
}

NewFile::~NewFile() {
  if (!path_.empty()) {
    ::unlink(path_.c_str());
  }
}

NewFile::NewFile(NewFile&& other) noexcept
    : target_(std::move(other.target_)),
      path_(std::exchange(other.path_, {})),
      fd_(std::move(other.fd_)) {}

void NewFile::publish() const {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(fd_.get(), 0666 & ~mask) != 0) {
    throw cannot_write(target_, errno);
  }
}

void NewFile::write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t count = ::write(fd_.get(), text.data(), text.size());
    if (count <= 0) {
      throw cannot_write(target_, errno);
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fsync(fd_.get()) != 0) {
    throw cannot_write(target_, errno);
  }
}

void NewFile::replace() const {
  if (std::rename(path_.c_str(), target_.c_str()) != 0) {
    throw cannot_write(target_, errno);
  }
}

bool NewFile::place() const {
  if (::link(path_.c_str(), target_.c_str()) == 0) {
    return true;
  }
  if (errno != EEXIST) {
    throw cannot_write(target_, errno);
  }
  return false;
}

}  // namespace miko::cli
