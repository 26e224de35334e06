#pragma once

#include <poll.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/json_stream.h"

namespace miko::cli {

/// JSON values from a file or from standard input, read no faster than they are asked for.
class ValueInput {
 public:
  /// "-" is standard input. Throws Error{usage} if the file cannot be read.
  explicit ValueInput(const std::string& name);

  /// The next value of what has been read, or of one more piece that can be read without waiting;
  /// the text is valid until the next call. Nothing says that it is somebody else's turn.
  /// Throws Error{usage} for a read error and for a value over input_size_max.
  std::optional<JsonStream::Value> next();

  /// The value was not JSON: goes on behind its line.
  void skip_line() { stream_.skip_line(); }

  /// Nothing is left.
  [[nodiscard]] bool finished() const { return finished_; }

  /// To wait for more.
  [[nodiscard]] pollfd readable() const { return {.fd = fd(), .events = POLLIN, .revents = 0}; }

  [[nodiscard]] bool is_terminal() const;

  /// How much of the file next() has handed out, from 0 to 1; nothing if its size is not known.
  [[nodiscard]] std::optional<double> fraction_taken() const;

 private:
  [[nodiscard]] int fd() const;
  bool read_what_is_there();

  std::string shown_;
  UniqueFd file_ = {};
  JsonStream stream_ = {};
  std::string piece_ = {};
  std::uint64_t size_ = 0;  ///< of what was in the file at the start
  std::uint64_t bytes_read_ = 0;
  bool end_of_file_ = false;
  bool finished_ = false;
};

}  // namespace miko::cli
