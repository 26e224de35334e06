#include "cli/value_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/loop.h"
#include "base/text.h"
#include "cli/file_input.h"

namespace miko::cli {
namespace {

constexpr std::size_t piece_size = 64UL * 1024;

Error cannot_read(std::string_view shown, std::string_view why) {
  return usage_error(fmt::format("cannot read {}: {}", shown, why));
}

}  // namespace

ValueInput::ValueInput(const std::string& name)
    : shown_(name == "-" ? "standard input" : fmt::format("'{}'", shown_word(name, 200))) {
  if (name != "-") {
    file_ = UniqueFd(::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!file_) {
      throw cannot_read(shown_, std::strerror(errno));
    }
  }
  struct stat status = {};
  if (::fstat(fd(), &status) == 0 && S_ISREG(status.st_mode)) {
    const off_t at = ::lseek(fd(), 0, SEEK_CUR);
    size_ = static_cast<std::uint64_t>(std::max<off_t>(status.st_size - std::max<off_t>(at, 0), 0));
  } else if (S_ISDIR(status.st_mode)) {
    throw cannot_read(shown_, std::strerror(EISDIR));
  }
}

int ValueInput::fd() const {
  return file_ ? file_.get() : STDIN_FILENO;
}

bool ValueInput::is_terminal() const {
  return ::isatty(fd()) != 0;
}

std::optional<double> ValueInput::fraction_taken() const {
  if (size_ == 0) {
    return std::nullopt;
  }
  const std::uint64_t taken = bytes_read_ - stream_.pending();
  return std::min(static_cast<double>(taken) / static_cast<double>(size_), 1.0);
}

std::optional<JsonStream::Value> ValueInput::next() {
  std::optional<JsonStream::Value> value = stream_.next();
  if (!value && !end_of_file_ && read_what_is_there()) {
    value = stream_.next();
  }
  if (stream_.pending() > input_size_max) {
    throw cannot_read(shown_, fmt::format("a value has more than {} bytes", input_size_max));
  }
  finished_ = !value && end_of_file_;
  return value;
}

/// False if there is nothing to read at present.
bool ValueInput::read_what_is_there() {
  if (Loop().wait(fd(), POLLIN, Clock::time_point()) == 0) {
    return false;
  }
  piece_.resize(piece_size);
  const ssize_t count = ::read(fd(), piece_.data(), piece_.size());
  if (count < 0) {
    if (errno == EINTR || errno == EAGAIN) {
      return false;
    }
    throw cannot_read(shown_, std::strerror(errno));
  }
  if (count == 0) {
    end_of_file_ = true;
    stream_.finish();
    return true;
  }
  bytes_read_ += static_cast<std::uint64_t>(count);
  stream_.append(std::string_view(piece_).substr(0, static_cast<std::size_t>(count)));
  return true;
}

}  // namespace miko::cli
