#include "cli/load.h"

#include <poll.h>

#include <algorithm>
#include <cmath>

#include "base/loop.h"
#include "base/signals.h"

namespace miko::cli {
namespace {

/// Whether the service had the call, so that its time says something about the service.
bool tells_latency(ErrorKind kind) {
  return kind == ErrorKind::remote_error || kind == ErrorKind::unknown_method ||
         kind == ErrorKind::bad_arguments || kind == ErrorKind::bad_reply ||
         kind == ErrorKind::timeout;
}

class Load {
 public:
  Load(const LoadPlan& plan, Client& rpc, int interrupt_fd, Progress& progress)
      : plan_(plan), rpc_(rpc), interrupt_fd_(interrupt_fd), progress_(progress) {}

  LoadResult run() {
    if (plan_.rate) {
      // A call counts from when it was due: its service would be charged with oversleeping.
      wait_punctually();
    }
    const Clock::time_point now = Clock::now();
    measured_from_ = now + plan_.warmup;
    schedule_from_ = now;
    try {
      while (step()) {
      }
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::usage) {
        throw;
      }
      result_.lost = error.failure();
    }
    count_missed();
    result_.elapsed = std::max(last_answer_ - measured_from_, Clock::duration::zero());
    return std::move(result_);
  }

 private:
  bool step() {
    Clock::time_point now = Clock::now();
    start_due(now);
    if (rpc_.in_flight() == 0 && finished(now)) {
      return false;
    }
    pollfd interrupt = {.fd = interrupt_fd_, .events = POLLIN, .revents = 0};
    const std::span<pollfd> others(&interrupt, stopped_ || interrupt_fd_ < 0 ? 0 : 1);
    rpc_.run_once(others, wake_time(now));
    now = Clock::now();
    // A connection that always has something to say never looks at the others.
    if (!others.empty() && (interrupt.revents != 0 || SignalPipe::received() != 0)) {
      result_.interrupted = stopped_ = true;
    }
    progress_.update({.done = result_.calls,
                      .failed = result_.failed(),
                      .in_flight = rpc_.in_flight(),
                      .fraction = fraction(now)},
                     now);
    return true;
  }

  [[nodiscard]] bool finished(Clock::time_point now) const {
    return stopped_ || (plan_.calls && measured_started_ >= *plan_.calls) ||
           (plan_.rate ? time_is_over_ : now >= end());
  }

  /// The end of time if only calls count.
  [[nodiscard]] Clock::time_point end() const {
    return plan_.duration ? measured_from_ + *plan_.duration : Clock::time_point::max();
  }

  /// Starts what is due and has room.
  void start_due(Clock::time_point now) {
    while (!finished(now) && rpc_.in_flight() < plan_.in_flight) {
      const Clock::time_point due = plan_.rate ? due_time() : Clock::now();
      if (plan_.rate && (due > now || due >= end())) {
        break;
      }
      start(due);
      // A full window of calls takes some time to start.
      now = Clock::now();
    }
    // Only now: what was due shortly before the end is not missed if there was room for it.
    time_is_over_ = now >= end();
  }

  void count_missed() {
    if (!plan_.rate || !plan_.duration || stopped_ || result_.lost) {
      return;
    }
    const Clock::time_point now = Clock::now();
    for (; due_time() < end(); ++scheduled_) {
      if (due_time() >= measured_from_) {
        ++result_.missed;
        result_.latency.record(now - due_time());
      }
    }
  }

  [[nodiscard]] Clock::time_point due_time() const {
    return schedule_from_ +
           std::chrono::duration_cast<Clock::duration>(
               std::chrono::duration<double>(static_cast<double>(scheduled_) / *plan_.rate));
  }

  void start(Clock::time_point due) {
    const Arguments& arguments = plan_.arguments[scheduled_ % plan_.arguments.size()];
    ++scheduled_;
    const bool measured = due >= measured_from_;
    measured_started_ += measured ? 1 : 0;
    rpc_.start(plan_.target.service, plan_.target.method, arguments,
               [this, due, measured](const Reply& reply) {
                 if (measured) {
                   record(reply, due);
                 }
               });
  }

  void record(const Reply& reply, Clock::time_point due) {
    last_answer_ = Clock::now();
    ++result_.calls;
    if (!reply.ok()) {
      ++result_.errors[reply.failure->kind];
    }
    const Executed executed = reply.ok() ? Executed::yes : reply.failure->executed;
    result_.executed = executed == Executed::no ? result_.executed : Executed::maybe;
    if (reply.ok() || tells_latency(reply.failure->kind)) {
      result_.latency.record(last_answer_ - due);
    }
  }

  [[nodiscard]] Clock::time_point wake_time(Clock::time_point now) const {
    Clock::time_point wake = progress_.next_update();
    if (!finished(now) && plan_.rate && rpc_.in_flight() < plan_.in_flight) {
      wake = std::min(wake, due_time());
    }
    if (!finished(now)) {
      wake = std::min(wake, end());
    }
    return wake;
  }

  [[nodiscard]] std::optional<double> fraction(Clock::time_point now) const {
    if (plan_.calls) {
      return static_cast<double>(result_.calls) / static_cast<double>(*plan_.calls);
    }
    const Clock::duration whole = plan_.warmup + *plan_.duration;
    return std::min(1.0, std::chrono::duration<double>(now - schedule_from_) /
                             std::chrono::duration<double>(whole));
  }

  const LoadPlan& plan_;
  Client& rpc_;
  int interrupt_fd_;
  Progress& progress_;
  LoadResult result_ = {};
  Clock::time_point schedule_from_ = {};
  Clock::time_point measured_from_ = {};
  Clock::time_point last_answer_ = {};
  std::uint64_t scheduled_ = 0;
  std::uint64_t measured_started_ = 0;
  bool time_is_over_ = false;
  bool stopped_ = false;
};

}  // namespace

std::uint64_t LoadResult::failed() const {
  std::uint64_t sum = 0;
  for (const auto& [kind, count] : errors) {
    sum += count;
  }
  return sum;
}

double LoadResult::rate() const {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  return seconds > 0 ? static_cast<double>(calls) / seconds : 0;
}

LoadResult run_load(const LoadPlan& plan, Client& rpc, int interrupt_fd, Progress& progress) {
  return Load(plan, rpc, interrupt_fd, progress).run();
}

}  // namespace miko::cli
