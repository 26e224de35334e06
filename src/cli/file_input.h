#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"

namespace miko::cli {

/// What a request may be made of at most; also RabbitMQ 3's own limit for a message.
inline constexpr std::size_t input_size_max = 128UL * 1024 * 1024;

/// Of a password, in bytes.
inline constexpr std::size_t password_size_max = 4096;

/// Why a file is no place for a secret, e.g. "others may read it", and what to do about that. Both
/// are empty if nobody but its owner may read it, and that is the caller or root.
struct Exposure {
  std::string why = {};
  std::string remedy = {};
  bool foreign = false;  ///< somebody else may write into it, too: nothing to take orders from
};

struct FileText {
  std::string text = {};
  Exposure exposure = {};
};

/// Reads what "@FILE" and "@-" name, within the deadline of the command.
class FileInput {
 public:
  FileInput(const Loop& loop, Clock::time_point until) : loop_(loop), until_(until) {}

  /// The whole content of a file, or of standard input for "-", which can be read once only.
  /// Throws Error{usage}: not readable, over input_size_max, not finished in time, or standard
  /// input is a terminal.
  [[nodiscard]] std::string read(const std::string& name);

  /// The same. Only a regular file can be exposed; a symbolic link counts as what it leads to.
  [[nodiscard]] FileText read_with_exposure(const std::string& name);

  /// Somebody else reads standard input: "-" is refused from now on.
  void give_up_stdin() { stdin_taken_ = true; }

 private:
  FileText read_descriptor(int fd, const std::string& name);
  std::string read_all(int fd, std::string_view shown);

  const Loop& loop_;
  Clock::time_point until_;
  bool stdin_taken_ = false;
};

/// The first line of a file that only its owner may read. Follows no symbolic link at the end of
/// the path. Throws Error{usage}.
[[nodiscard]] std::string read_password_file(const std::string& name);

}  // namespace miko::cli
