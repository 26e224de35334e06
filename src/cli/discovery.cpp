#include "cli/discovery.h"

#include <fmt/format.h>

namespace miko::cli {
namespace {

constexpr std::chrono::seconds look_interval{2};
constexpr std::chrono::seconds interval_while_failing{10};
constexpr std::chrono::milliseconds patience{500};

}  // namespace

Discovery::Discovery(const Settings& settings)
    : management_(settings.connection, settings.management) {}

void Discovery::begin(Tap& tap, Clock::time_point until) {
  for (const std::string& name : management_.service_names(until)) {
    tap.watch(name);
  }
  next_ = Clock::now() + look_interval;
}

void Discovery::look(Tap& tap, const Output& output) {
  const Clock::time_point now = Clock::now();
  if (now < next_) {
    return;
  }
  try {
    begin(tap, now + patience);
    failing_ = false;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) {
      return;
    }
    if (!failing_) {
      output.warn(fmt::format("new services are not noticed at the moment: {}", error.what()));
    }
    failing_ = true;
    next_ = now + interval_while_failing;
  }
}

}  // namespace miko::cli
