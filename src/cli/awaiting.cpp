#include "cli/awaiting.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/loop.h"
#include "base/text.h"
#include "cli/backoff.h"

namespace miko::cli {
namespace {

/// One try to connect; a host that swallows everything must not use up the whole time.
constexpr std::chrono::seconds connecting_max{5};

class Waiting {
 public:
  Waiting(const Options& options, const Wanted& wanted, Clock::time_point until)
      : options_(options), wanted_(wanted), until_(until) {}

  Awaited run() {
    Backoff backoff;
    while (true) {
      try {
        return await_with_one_connection();
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::unreachable && error.kind() != ErrorKind::connection_lost &&
            error.kind() != ErrorKind::timeout) {
          throw;
        }
        if (missing_.empty() || error.kind() != ErrorKind::timeout) {
          missing_ = error.what();
        }
        static_cast<void>(
            Loop(options_.interrupt_fd).wait(std::span<pollfd>(), backoff.next(until_)));
      }
      if (Clock::now() >= until_) {
        throw Error({.kind = ErrorKind::timeout, .message = missing_, .hint = hint_});
      }
    }
  }

 private:
  Awaited await_with_one_connection() {
    Inspector inspector(options_);
    inspector.log_in(std::min(until_, Clock::now() + connecting_max));
    Backoff backoff;
    while (true) {
      Awaited result = {.broker = inspector.address()};
      for (const std::string& service : wanted_.services) {
        result.states.push_back(inspector.inspect(service, until_));
      }
      missing_ = missing_text(wanted_, result.states);
      if (missing_.empty()) {
        inspector.close(std::clamp<Clock::duration>(until_ - Clock::now(), goodbye_least,
                                                    std::chrono::seconds(1)));
        return result;
      }
      hint_ = "miko services shows instances and requests that wait";
      if (Clock::now() >= until_) {
        inspector.close(goodbye_least);
        throw Error({.kind = ErrorKind::timeout, .message = missing_});
      }
      inspector.rest(backoff.next(until_));
    }
  }

  static constexpr std::chrono::milliseconds goodbye_least{50};

  const Options& options_;
  const Wanted& wanted_;
  Clock::time_point until_;
  std::string missing_ = {};
  std::string hint_ = {};
};

}  // namespace

Awaited await_services(const Options& options, const Wanted& wanted, Clock::time_point until) {
  return Waiting(options, wanted, until).run();
}

std::string missing_text(const Wanted& wanted, const std::vector<ServiceState>& states) {
  std::string text;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const ServiceState& state = states[i];
    if (state.instances >= wanted.instances) {
      continue;
    }
    const std::string name = printable(wanted.services[i]);
    text += text.empty() ? "" : ", ";
    text += !state.deployed ? fmt::format("{} was never deployed here", name)
            : wanted.instances == 1
                ? fmt::format("{} has no instance", name)
                : fmt::format("{} has {} of {} instances", name, state.instances, wanted.instances);
    text += state.ready > 0 ? fmt::format(" ({} waiting)", state.ready) : "";
  }
  return text;
}

}  // namespace miko::cli
