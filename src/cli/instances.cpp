#include "cli/instances.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace miko::cli {

void require_instance(const ServiceState& state, const std::string& service) {
  if (state.hidden) {
    return;
  }
  if (!state.deployed) {
    throw Error({.kind = ErrorKind::unknown_service,
                 .message = fmt::format("no service '{}' here", printable(service)),
                 .hint = "is it on this broker and vhost? names are case sensitive"});
  }
  if (state.instances == 0) {
    throw Error({.kind = ErrorKind::no_instance,
                 .message = fmt::format("{}: {}", printable(service), explain_silence(state)),
                 .hint = "miko wait waits for an instance"});
  }
}

}  // namespace miko::cli
