#include "cli/exit_code.h"

namespace miko::cli {

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::remote_error:
      return 1;
    case ErrorKind::usage:
      return 2;
    case ErrorKind::expectation_failed:
    case ErrorKind::partial:
      return 3;
    case ErrorKind::unknown_service:
    case ErrorKind::no_instance:
      return 4;
    case ErrorKind::unknown_method:
    case ErrorKind::bad_arguments:
      return 5;
    case ErrorKind::unreachable:
      return 6;
    case ErrorKind::denied:
      return 7;
    case ErrorKind::bad_reply:
      return 8;
    case ErrorKind::connection_lost:
      return 9;
    case ErrorKind::output_failed:
      return 10;
    case ErrorKind::internal:
      return 70;
    case ErrorKind::timeout:
      return 124;
    case ErrorKind::interrupted:
      return 130;
  }
  return 70;
}

}  // namespace miko::cli
