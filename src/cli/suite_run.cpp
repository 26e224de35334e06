#include "cli/suite_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "base/signals.h"
#include "base/text.h"
#include "cli/reply_expectations.h"
#include "cli/suite_event.h"
#include "cli/suite_judge.h"

namespace miko::cli {
namespace {

/// For all of a teardown, also after Ctrl-C.
constexpr std::chrono::seconds teardown_max{30};
/// For calls in flight to be answered after Ctrl-C.
constexpr std::chrono::seconds farewell{2};

enum class Progress { waiting, in_flight, pausing, finished };

struct Entry {
  const SuiteCase* one = nullptr;
  Progress progress = Progress::waiting;
  FilledCase filled = {};
  CaseResult result = {};
  Clock::time_point again = {};  ///< while pausing
};

/// What ends the session, as opposed to one case.
bool ends_session(ErrorKind kind) {
  return kind == ErrorKind::unreachable || kind == ErrorKind::connection_lost;
}

/// Runs the cases of one phase.
class PhaseRun {
 public:
  PhaseRun(const Suite& suite, Phase phase, Variables& variables, const RunOptions& options,
           SuiteCaller& caller, RunState& state)
      : suite_(suite),
        phase_(phase),
        variables_(variables),
        options_(options),
        caller_(caller),
        state_(state),
        makers_(capturing_cases(suite)),
        needed_(prerequisites(suite, phase)),
        end_(phase == Phase::teardown ? Clock::now() + teardown_max : options.end),
        interrupt_fd_(state.interrupted ? -1 : options.interrupt_fd) {
    const std::vector<bool> chosen = phase == Phase::cases
                                         ? chosen_cases(suite, options.filters)
                                         : std::vector<bool>(cases_of(suite, phase).size(), true);
    const std::vector<SuiteCase>& all = cases_of(suite, phase);
    for (std::size_t i = 0; i < all.size(); ++i) {
      entries_.push_back({.one = &all[i],
                          .progress = chosen[i] ? Progress::waiting : Progress::finished,
                          .result = {.phase = phase, .name = all[i].name, .line = all[i].line}});
    }
  }

  /// Runs none of the cases.
  std::vector<CaseResult> leave_out_all(Verdict verdict, const std::string& reason) {
    for (Entry& entry : entries_) {
      if (entry.progress != Progress::finished) {
        leave_out(entry, verdict, reason);
      }
    }
    return std::move(results_);
  }

  std::vector<CaseResult> run() {
    while (!finished()) {
      start_what_can_start();
      state_.flush();
      if (!finished()) {
        wait();
        take_replies();
      }
    }
    return std::move(results_);
  }

 private:
  [[nodiscard]] bool finished() const {
    return std::all_of(entries_.begin(), entries_.end(),
                       [](const Entry& entry) { return entry.progress == Progress::finished; });
  }

  static bool has_events(const Entry& entry) { return entry.one->event || entry.one->dispatch; }

  [[nodiscard]] bool in_teardown() const { return phase_ == Phase::teardown; }

  /// Why nothing more is started. A teardown runs whatever came before.
  [[nodiscard]] std::string why_stopped() const {
    if (!in_teardown()) {
      return state_.why_stopped();
    }
    return lost_in_teardown_.empty() && Clock::now() >= end_ ? "the teardown takes too long"
                                                             : lost_in_teardown_;
  }

  // Starting.

  void start_what_can_start() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      Entry& entry = entries_[i];
      if (entry.progress == Progress::pausing && Clock::now() >= entry.again) {
        entry.progress = Progress::waiting;
      }
      if (entry.progress == Progress::waiting && !leave_out_if_due(entry) && is_ready(i)) {
        if (in_flight_ >= width() || (has_events(entry) && in_flight_ > 0)) {
          return;
        }
        start(i);
      }
    }
  }

  [[nodiscard]] std::uint64_t width() const { return phase_ == Phase::cases ? options_.width : 1; }

  /// Leaves a case out for good if there is a reason.
  bool leave_out_if_due(Entry& entry) {
    if (entry.one->skip) {
      leave_out(entry, Verdict::skipped, *entry.one->skip);
      return true;
    }
    state_.over_time = state_.over_time || (!in_teardown() && Clock::now() >= end_);
    if (const std::string why = why_stopped(); !why.empty()) {
      leave_out(entry, Verdict::not_run, why);
      return true;
    }
    if (options_.fail_fast && state_.failed && !in_teardown()) {
      leave_out(entry, Verdict::skipped, "not run: a case before it failed");
      return true;
    }
    for (const std::string& name : entry.one->uses) {
      const auto maker = makers_.find(name);
      if (maker == makers_.end() || variables_.has(name) ||
          (maker->second.phase == phase_ &&
           entries_[maker->second.index].progress != Progress::finished)) {
        continue;
      }
      leave_out(entry, Verdict::skipped,
                fmt::format("not run: it needs '{}', which '{}' did not capture", name,
                            cases_of(suite_, maker->second.phase)[maker->second.index].name));
      return true;
    }
    return false;
  }

  [[nodiscard]] bool is_ready(std::size_t index) const {
    return std::all_of(needed_[index].begin(), needed_[index].end(), [this](std::size_t other) {
      return entries_[other].progress == Progress::finished;
    });
  }

  void start(std::size_t index) {
    Entry& entry = entries_[index];
    CaseResult& result = entry.result;
    result = {
        .phase = phase_, .name = result.name, .line = result.line, .attempts = result.attempts + 1};
    const Clock::time_point started = Clock::now();
    try {
      entry.filled = fill_case(
          *entry.one, [this](const Placeholder& place) { return variables_.look_up(place); });
      result.request = shown_request(entry.filled, variables_);
      if (has_events(entry)) {
        run_with_events(entry);
        finish_or_repeat(entry);
      } else if (connect(entry) && width() == 1) {
        // Alone, so that a timeout can say what the call waited for.
        judge_reply(entry.result, *entry.one, entry.filled,
                    caller_.call(entry.filled, timeout_of(entry), interrupt_fd_), variables_);
        finish_or_repeat(entry);
      } else if (caller_.connected()) {
        caller_.start(entry.filled, timeout_of(entry), [this, index](Reply reply) {
          replies_.emplace_back(index, std::move(reply));
        });
        entry.progress = Progress::in_flight;
        ++in_flight_;
      }
    } catch (const Error& error) {
      result.elapsed = Clock::now() - started;
      end_by(error, entry);
    }
  }

  /// False: the case has ended, and with it the run.
  bool connect(Entry& entry) {
    try {
      caller_.connect(std::min(Clock::now() + options_.timeout, end_), interrupt_fd_);
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::interrupted) {
        lose(error);
      }
      end_by(error, entry);
      return false;
    }
  }

  [[nodiscard]] Clock::duration timeout_of(const Entry& entry) const {
    const Clock::duration timeout = entry.one->timeout ? *entry.one->timeout : options_.timeout;
    return std::min(timeout, end_ - Clock::now());
  }

  /// What went wrong with more than this case, or before anything of it was sent.
  void end_by(const Error& error, Entry& entry) {
    if (error.kind() == ErrorKind::interrupted) {
      state_.interrupted = true;
      interrupt_fd_ = -1;
      leave_out(entry, Verdict::not_run, "interrupted");
      return;
    }
    if (ends_session(error.kind())) {
      lose(error);
    }
    judge_failure(entry.result, error.failure(), variables_);
    finish(entry);
  }

  void lose(const Error& error) {
    if (in_teardown()) {
      lost_in_teardown_ = fmt::format("the broker is gone: {}", error.what());
    } else if (!state_.lost) {
      state_.lost = error.failure();
    }
  }

  // One after the other, since they have connections of their own to wait for.

  void run_with_events(Entry& entry) {
    const Clock::time_point started = Clock::now();
    const Clock::time_point deadline = started + timeout_of(entry);
    Options connection = caller_.options();
    connection.interrupt_fd = interrupt_fd_;
    std::optional<EventWatch> watch;
    if (entry.filled.event) {
      watch.emplace(entry.filled, connection, deadline);
    }
    if (entry.filled.dispatch) {
      const std::optional<Failure> failure = dispatch_event(entry.filled, connection, deadline);
      if (failure) {
        judge_failure(entry.result, *failure, variables_);
        return;
      }
      entry.result.verdict = Verdict::passed;
    } else {
      caller_.connect(deadline, interrupt_fd_);
      judge_reply(entry.result, *entry.one, entry.filled,
                  caller_.call(entry.filled, deadline - Clock::now(), interrupt_fd_), variables_);
    }
    if (watch && entry.result.verdict == Verdict::passed) {
      await_event(entry, *watch, deadline);
    }
    entry.result.elapsed = Clock::now() - started;
  }

  void await_event(Entry& entry, EventWatch& watch, Clock::time_point deadline) {
    if (const auto& within = entry.filled.event->within) {
      deadline = std::min<Clock::time_point>(deadline, Clock::now() + *within);
    }
    EventOutcome outcome = watch.wait(deadline, [this] { caller_.keep_up(); });
    if (outcome.data) {
      outcome.unmet = capture_values(entry.filled.event->capture, *outcome.data, variables_);
    }
    if (!outcome.unmet.empty()) {
      judge_unmet(entry.result, outcome.unmet, variables_);
    }
  }

  // Waiting.

  void wait() {
    std::vector<pollfd> others = state_.others();
    const bool may_stop = interrupt_fd_ >= 0;
    if (may_stop) {
      others.push_back({.fd = interrupt_fd_, .events = POLLIN, .revents = 0});
    }
    Clock::time_point until = state_.interrupted && !in_teardown() ? farewell_until_ : end_;
    for (const Entry& entry : entries_) {
      if (entry.progress == Progress::pausing) {
        until = std::min(until, entry.again);
      }
    }
    try {
      caller_.run_once(others, until);
    } catch (const Error& error) {
      lose(error);
    }
    if (may_stop && (others.back().revents != 0 || SignalPipe::received() != 0)) {
      state_.interrupted = true;
      interrupt_fd_ = -1;
      farewell_until_ = Clock::now() + farewell;
    }
  }

  void take_replies() {
    for (const auto& [index, reply] : std::exchange(replies_, {})) {
      Entry& entry = entries_[index];
      if (entry.progress == Progress::in_flight) {
        --in_flight_;
        judge_reply(entry.result, *entry.one, entry.filled, reply, variables_);
        finish_or_repeat(entry);
      }
    }
    const bool give_up = state_.interrupted && !in_teardown() && Clock::now() >= farewell_until_;
    for (Entry& entry : entries_) {
      if (entry.progress == Progress::pausing && !why_stopped().empty()) {
        finish(entry);
      } else if (entry.progress == Progress::in_flight && give_up) {
        // The reply may still come, and then nobody is there for it.
        caller_.drop();
        leave_out(entry, Verdict::not_run, "interrupted before the reply came");
      }
    }
  }

  // Results.

  void finish_or_repeat(Entry& entry) {
    const Retry retry = entry.one->retry.value_or(options_.retry.value_or(Retry()));
    const bool lost =
        entry.result.error == error_code(ErrorKind::connection_lost) || !why_stopped().empty();
    if (entry.result.is_fault() && entry.result.attempts <= retry.times && !lost) {
      entry.progress = Progress::pausing;
      entry.again = Clock::now() + retry.every;
      return;
    }
    finish(entry);
  }

  void leave_out(Entry& entry, Verdict verdict, const std::string& reason) {
    entry.result.verdict = verdict;
    entry.result.reason = printable(shortened(variables_.masked(reason), 300));
    finish(entry);
  }

  void finish(Entry& entry) {
    entry.progress = Progress::finished;
    state_.failed = state_.failed || entry.result.is_fault();
    state_.report(entry.result);
    state_.flush();
    results_.push_back(entry.result);
  }

  const Suite& suite_;
  Phase phase_;
  Variables& variables_;
  const RunOptions& options_;
  SuiteCaller& caller_;
  RunState& state_;
  std::map<std::string, CaseId> makers_;
  std::vector<std::vector<std::size_t>> needed_;
  Clock::time_point end_;
  int interrupt_fd_;
  Clock::time_point farewell_until_ = {};
  std::string lost_in_teardown_ = {};
  std::vector<Entry> entries_ = {};
  std::uint64_t in_flight_ = 0;
  std::deque<std::pair<std::size_t, Reply>> replies_ = {};
  std::vector<CaseResult> results_ = {};
};

}  // namespace

std::string RunState::why_stopped() const {
  return interrupted ? "interrupted"
         : lost      ? fmt::format("the broker is gone: {}", lost->message)
         : over_time ? "the time of the whole run is over"
                     : "";
}

SuiteResult run_suite(const Suite& suite, const RunOptions& options, SuiteCaller& caller,
                      RunState& state) {
  const Clock::time_point started = Clock::now();
  SuiteResult run = {
      .file = suite.file, .name = suite.name, .started = std::chrono::system_clock::now()};
  Variables variables = suite.variables;
  const std::string stopped = state.why_stopped();
  const bool failed = options.fail_fast && state.failed;
  bool ready = true;
  bool touched = false;  // something may be there for the teardown
  for (const Phase phase : {Phase::setup, Phase::cases, Phase::teardown}) {
    PhaseRun part(suite, phase, variables, options, caller, state);
    std::vector<CaseResult> results;
    if (!stopped.empty()) {
      results = part.leave_out_all(Verdict::not_run, stopped);
    } else if (failed) {
      results = part.leave_out_all(Verdict::skipped, "not run: a case before it failed");
    } else if (phase == Phase::cases && !ready) {
      results = part.leave_out_all(Verdict::skipped, "not run: the setup failed");
    } else if (phase == Phase::teardown && !touched) {
      results = part.leave_out_all(Verdict::skipped, "not run: nothing was done before");
    } else {
      results = part.run();
    }
    for (CaseResult& one : results) {
      ready = ready && !(phase == Phase::setup && one.is_fault());
      touched = touched || (one.attempts > 0 && one.error != error_code(ErrorKind::unreachable) &&
                            one.error != error_code(ErrorKind::denied));
      run.results.push_back(std::move(one));
    }
  }
  run.elapsed = Clock::now() - started;
  return run;
}

}  // namespace miko::cli
