#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace miko {

/// What went wrong. Each kind has one `error.code` word (error_code()) and one exit status
/// (cli/exit_code.h).
enum class ErrorKind {
  usage,
  remote_error,
  expectation_failed,
  partial,
  unknown_service,
  no_instance,
  unknown_method,
  bad_arguments,
  unreachable,
  denied,
  bad_reply,
  connection_lost,
  output_failed,
  internal,
  timeout,
  interrupted,
};

/// Whether the method may have run: what a caller must know before repeating a call.
enum class Executed { no, yes, maybe };

/// "remote_error", "unknown_service", ...: the word in `error.code`. Scripts rely on it.
std::string_view error_code(ErrorKind kind);

/// "no", "yes" or "maybe".
std::string_view executed_word(Executed executed);

/// Where in a text a mistake was found, for a caret under it.
struct SourcePosition {
  std::size_t line = 0;    ///< from 1
  std::size_t column = 0;  ///< from 1, in characters
  std::string text = {};   ///< the line, shortened, without control characters
  std::string caret = {};  ///< blanks, then '^' under the mistake
};

/// One thing that failed, as a value: what happened to one call, or the content of an Error.
struct Failure {
  ErrorKind kind = ErrorKind::internal;
  std::string message = {};  ///< one plain sentence, lower case, no full stop
  Executed executed = Executed::no;
  std::string hint = {};       ///< the next thing to try; may be empty
  SourcePosition source = {};  ///< set (line > 0) when a text given by the user is at fault
};

/// The session cannot go on, or the user asked for something that cannot be done.
/// What happens to one call alone is a Failure in its Reply instead.
class Error : public std::runtime_error {
 public:
  explicit Error(Failure failure)
      : std::runtime_error(failure.message), failure_(std::move(failure)) {}

  [[nodiscard]] const Failure& failure() const noexcept { return failure_; }
  [[nodiscard]] ErrorKind kind() const noexcept { return failure_.kind; }

 private:
  Failure failure_;
};

/// Error{usage}: nothing was sent.
[[nodiscard]] Error usage_error(std::string message, std::string hint = {});

}  // namespace miko
