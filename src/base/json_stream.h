#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace miko {

/// Cuts a stream of JSON values into values: one a line, several a line, or spread over lines.
///
/// It looks at brackets, quotes and what stands beside them, so a text it hands out need not be
/// JSON; whoever reads it checks it. A value that breaks off is handed out as soon as it is clear
/// that the next line begins another one, so one bad line does not take its neighbours along.
class JsonStream {
 public:
  struct Value {
    std::string_view text = {};  ///< valid until the next call of append() or next()
    std::size_t line = 0;        ///< where it starts, from 1
  };

  /// Takes the next piece of input.
  void append(std::string_view bytes);

  /// There is no more input: what has begun ends here.
  void finish() { finished_ = true; }

  /// The next value; nothing if more input is needed, or after finish() if that was all.
  std::optional<Value> next();

  /// After a value that turned out not to be JSON: passes over the rest of its last line.
  void skip_line();

  /// Bytes that have been appended and not handed out or passed over.
  [[nodiscard]] std::size_t pending() const { return buffer_.size() - begin_; }

 private:
  enum class State { between, container, scalar };

  bool pass_byte_order_mark();
  void skip_blanks();
  bool scan_container();
  [[nodiscard]] bool may_open() const;
  bool scan_string();
  bool scan_scalar();

  std::string buffer_ = {};
  std::size_t begin_ = 0;  ///< of the value, or of what has not been looked at
  std::size_t at_ = 0;     ///< scanned up to here
  std::size_t line_ = 1;
  std::size_t value_line_ = 1;
  State state_ = State::between;
  std::string open_ = {};  ///< the brackets that are open
  bool in_string_ = false;
  char before_ = '\0';  ///< the last character that is not blank, outside of strings
  bool line_start_ = false;
  bool skipping_line_ = false;
  bool begun_ = false;
  bool finished_ = false;
};

}  // namespace miko
