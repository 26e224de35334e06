#include "cli/suite_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/reply_expectations.h"
#include "miko.h"

namespace miko::cli {
namespace {

/// Well below what any heartbeat allows.
constexpr std::chrono::seconds keep_up_interval{1};

}  // namespace

struct EventWatch::State {
  State(const FilledCase& of, Options options)
      : filled(of),
        listener(std::move(options),
                 {.subscriptions = {{.service = of.event->service, .types = {of.event->event}}}},
                 [this](const Event& event) { take(event); }) {}

  void take(const Event& event) {
    ++came;
    if (outcome.data) {
      return;
    }
    if (!event.fault.empty()) {
      outcome.unmet = {{.pointer = name(), .wanted = "readable data", .got = event.fault}};
      return;
    }
    std::vector<Unmet> unmet;
    for (const Expectation& one : filled.event_expected) {
      if (std::optional<Unmet> found = find_unmet(one, event.data)) {
        unmet.push_back(std::move(*found));
      }
    }
    if (unmet.empty()) {
      outcome.data = event.data;
      outcome.unmet.clear();
    } else if (came == 1 || unmet.size() < outcome.unmet.size()) {
      // Of several the one that comes closest.
      outcome.unmet = std::move(unmet);
    }
  }

  [[nodiscard]] std::string name() const {
    return fmt::format("event {}.{}", filled.event->service, filled.event->event);
  }

  const FilledCase& filled;
  EventOutcome outcome = {};
  std::size_t came = 0;
  Listener listener;
};

EventWatch::EventWatch(const FilledCase& filled, Options options, Clock::time_point deadline)
    : state_(std::make_unique<State>(filled, std::move(options))) {
  state_->listener.open(deadline);
}

EventWatch::~EventWatch() = default;

EventOutcome EventWatch::wait(Clock::time_point deadline, const std::function<void()>& keep_up) {
  const Clock::time_point started = Clock::now();
  while (!state_->outcome.data && Clock::now() < deadline) {
    state_->listener.run_once(
        {}, std::min<Clock::time_point>(deadline, Clock::now() + keep_up_interval));
    keep_up();
  }
  state_->listener.close();
  EventOutcome& outcome = state_->outcome;
  if (!outcome.data && state_->came == 0) {
    outcome.unmet = {{.pointer = state_->name(),
                      .wanted = fmt::format("within {}", time_text(deadline - started)),
                      .got = "none"}};
  } else if (!outcome.data) {
    outcome.unmet.insert(outcome.unmet.begin(),
                         {.pointer = state_->name(),
                          .wanted = "one as expected",
                          .got = fmt::format("{}, of which the closest differs", state_->came)});
  }
  return std::move(outcome);
}

std::optional<Failure> dispatch_event(const FilledCase& filled, Options options,
                                      Clock::time_point deadline) {
  Dispatcher dispatcher(std::move(options), filled.dispatch->service);
  std::optional<Failure> failure =
      dispatcher.dispatch(filled.dispatch->event, {.data = filled.dispatch->data,
                                                   .context = filled.arguments.context,
                                                   .headers = filled.arguments.headers,
                                                   .deadline = deadline});
  dispatcher.close();
  return failure;
}

}  // namespace miko::cli
