#include "cli/file_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

namespace miko::cli {
namespace {

std::string shown_name(const std::string& name) {
  return name == "-" ? "standard input" : fmt::format("'{}'", printable(shortened(name, 200)));
}

Error cannot_read(std::string_view shown, std::string_view why, std::string hint = {}) {
  return usage_error(fmt::format("cannot read {}: {}", shown, why), std::move(hint));
}

Exposure exposure_of(const struct stat& status, const std::string& name) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return {.why = "it belongs to another user",
            .remedy = "it must belong to you or to root",
            .foreign = true};
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return {.why = "others may read it",
            .remedy = fmt::format("chmod 600 {}", printable(shortened(name, 200))),
            .foreign = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0};
  }
  return {};
}

}  // namespace

std::string FileInput::read(const std::string& name) {
  return read_with_exposure(name).text;
}

FileText FileInput::read_with_exposure(const std::string& name) {
  const std::string shown = shown_name(name);
  if (name == "-") {
    if (std::exchange(stdin_taken_, true)) {
      throw cannot_read(shown, "it is read elsewhere", "@- can be used once");
    }
    if (::isatty(STDIN_FILENO) != 0) {
      throw cannot_read(shown, "it is a terminal", "pipe the data in, or name a file: @FILE");
    }
    return read_descriptor(STDIN_FILENO, name);
  }
  // Without O_NONBLOCK the open of a FIFO waits for a writer, beyond every deadline.
  const UniqueFd file(::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!file) {
    throw cannot_read(shown, std::strerror(errno));
  }
  return read_descriptor(file.get(), name);
}

FileText FileInput::read_descriptor(int fd, const std::string& name) {
  struct stat status = {};
  const bool regular = ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  return {.text = read_all(fd, shown_name(name)),
          .exposure = regular ? exposure_of(status, name) : Exposure()};
}

std::string FileInput::read_all(int fd, std::string_view shown) {
  std::string content;
  constexpr std::size_t piece = 64UL * 1024;
  // A file is not moved about in memory while it grows there.
  struct stat status = {};
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
    content.reserve(std::min(static_cast<std::size_t>(status.st_size), input_size_max) + piece);
  }
  while (true) {
    if (loop_.wait(fd, POLLIN, until_) == 0 || Clock::now() >= until_) {
      throw cannot_read(shown, "it did not end in time", "--timeout sets how long to wait");
    }
    const std::size_t size = content.size();
    content.resize(size + piece);
    const ssize_t count = ::read(fd, content.data() + size, piece);
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
      throw cannot_read(shown, std::strerror(errno));
    }
    content.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) {
      return content;
    }
    if (content.size() > input_size_max) {
      throw cannot_read(shown, fmt::format("it has more than {} bytes", input_size_max));
    }
  }
}

std::string read_password_file(const std::string& name) {
  const std::string shown = fmt::format("the password file {}", shown_name(name));
  const UniqueFd file(::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!file) {
    throw cannot_read(shown, errno == ELOOP ? "it is a symbolic link" : std::strerror(errno));
  }
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw cannot_read(shown, "it is not a regular file");
  }
  if (const Exposure exposure = exposure_of(status, name); !exposure.why.empty()) {
    throw cannot_read(shown, exposure.why, exposure.remedy);
  }
  std::string content(password_size_max + 1, '\0');
  const ssize_t count = ::read(file.get(), content.data(), content.size());
  if (count < 0 || static_cast<std::size_t>(count) > password_size_max) {
    throw cannot_read(shown, count < 0 ? std::strerror(errno) : "it is too long");
  }
  content.resize(static_cast<std::size_t>(count));
  content.resize(std::min(content.find_first_of("\r\n"), content.size()));
  if (content.empty() || content.find('\0') != std::string::npos) {
    throw cannot_read(shown, "its first line is no password");
  }
  return content;
}

}  // namespace miko::cli
