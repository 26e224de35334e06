#include "nameko/service_state.h"

#include <fmt/format.h>

namespace miko {
namespace {

std::string counted(std::uint32_t count, std::string_view one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

}  // namespace

std::string counts_text(const ServiceState& state) {
  return fmt::format("{}, {} waiting", counted(state.instances, "instance"),
                     counted(state.ready, "request"));
}

std::string explain_silence(const ServiceState& state) {
  if (state.hidden) {
    return "the broker does not show this user why";
  }
  if (!state.deployed) {
    return "the service's queue is gone";
  }
  if (state.instances == 0) {
    return fmt::format("no instance is running, {} waiting", counted(state.ready, "call"));
  }
  if (state.ready > 0) {
    return fmt::format("{}, {} waiting: overloaded", counted(state.instances, "instance"),
                       state.ready);
  }
  return "taken by an instance, still running";
}

std::string advice(const ServiceState& state, bool expires) {
  if (!state.deployed) {
    return "somebody deleted it; it comes back when an instance starts";
  }
  if (state.instances == 0) {
    return expires ? "start the service; this request has expired by then"
                   : "start the service; it will run this request then";
  }
  if (state.ready > 0) {
    return "more instances would help, or a longer --timeout";
  }
  return "the method is slow; --timeout sets how long to wait";
}

}  // namespace miko
