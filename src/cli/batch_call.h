#pragma once

#include <string>
#include <string_view>

#include "cli/arguments.h"
#include "nameko/reply.h"

namespace miko::cli {

/// One value of a batch.
struct BatchCall {
  Target target = {};
  Arguments arguments = {};
  std::string id = "null";  ///< the caller's own mark, any JSON; comes back in the answer
};

/// Reads {"service": str, "method": str, "args": [any] or {str: any}, "kwargs": {str: any},
/// "ctx": {str: any}, "headers": {str: any}, "id": any} into `call`. Only service and method must
/// be there; instead of both, "method" may be "SERVICE.METHOD".
/// Throws Error{usage}, naming the line (`json` begins on line `line` of the input); what could be
/// read of id, service and method is in `call` then.
void read_batch_call(std::string_view json, std::size_t line, BatchCall& call);

/// Reads the arguments of a call whose service and method are known: an array or an object.
/// Throws Error{usage}.
void read_batch_arguments(std::string_view json, std::size_t line, BatchCall& call);

}  // namespace miko::cli
