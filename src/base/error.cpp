#include "base/error.h"

namespace miko {

std::string_view error_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::remote_error:
      return "remote_error";
    case ErrorKind::expectation_failed:
      return "expectation_failed";
    case ErrorKind::partial:
      return "partial";
    case ErrorKind::unknown_service:
      return "unknown_service";
    case ErrorKind::no_instance:
      return "no_instance";
    case ErrorKind::unknown_method:
      return "unknown_method";
    case ErrorKind::bad_arguments:
      return "bad_arguments";
    case ErrorKind::unreachable:
      return "unreachable";
    case ErrorKind::denied:
      return "denied";
    case ErrorKind::bad_reply:
      return "bad_reply";
    case ErrorKind::connection_lost:
      return "connection_lost";
    case ErrorKind::output_failed:
      return "output_failed";
    case ErrorKind::internal:
      return "internal";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::interrupted:
      return "interrupted";
  }
  return "internal";
}

std::string_view executed_word(Executed executed) {
  switch (executed) {
    case Executed::no:
      return "no";
    case Executed::yes:
      return "yes";
    case Executed::maybe:
      return "maybe";
  }
  return "maybe";
}

Error usage_error(std::string message, std::string hint) {
  return Error({.kind = ErrorKind::usage,
                .message = std::move(message),
                .executed = Executed::no,
                .hint = std::move(hint)});
}

}  // namespace miko
