#include "cli/dispatch_lines.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "base/json_writer.h"
#include "base/signals.h"
#include "cli/count.h"
#include "cli/exit_code.h"
#include "cli/line_output.h"
#include "cli/progress.h"
#include "cli/value_input.h"
#include "miko.h"

namespace miko::cli {
namespace {

/// No more events are sent while this much waits for the reader of stdout.
constexpr std::size_t waiting_output_max = 1024UL * 1024;
/// Events in flight have no more than this in them, so that large ones do not pile up.
constexpr std::size_t waiting_data_max = 64UL * 1024 * 1024;
/// For the broker to confirm what is in flight after Ctrl-C.
constexpr std::chrono::seconds farewell{1};
/// Values taken before the connection, the output and Ctrl-C get their turn.
constexpr std::uint64_t values_per_turn = in_flight_max;

class EventStream {
 public:
  EventStream(const EventLines& lines, Session& session)
      : lines_(lines),
        session_(session),
        settings_(session.settings()),
        input_("-"),
        progress_(!lines.no_progress && session.output.may_show_progress() &&
                      !session.output.prints_on_terminal(),
                  Clock::now()) {
    settings_.connection.in_flight_max = static_cast<int>(in_flight_max);
  }

  int run() {
    if (input_.is_terminal()) {
      session_.output.warn("reading events from the terminal, Ctrl-D ends");
    }
    dispatcher_.emplace(settings_.connection, lines_.target.service);
    dispatcher_->log_in(session_.started + settings_.timeout);
    // From here on Ctrl-C is an event among others.
    dispatcher_->set_interrupt_fd(-1);
    while (true) {
      const bool more = refill();
      output_.flush();
      if (finished()) {
        break;
      }
      wait(more ? Clock::time_point() : std::min(progress_.next_update(), farewell_until_));
    }
    progress_.clear();
    if (!lost_) {
      dispatcher_->close();
    }
    return report();
  }

 private:
  [[nodiscard]] bool finished() const {
    return in_flight_ == 0 && output_.pending() == 0 && (stopped_ || input_.finished());
  }

  [[nodiscard]] bool has_room() const {
    return in_flight_ < in_flight_max && bytes_in_flight_ < waiting_data_max &&
           output_.pending() < waiting_output_max;
  }

  /// Sends events until the window is full or no value has arrived. True: there may be more.
  bool refill() {
    for (std::uint64_t i = 0; !stopped_ && has_room(); ++i) {
      if (i == values_per_turn) {
        return true;
      }
      std::optional<JsonStream::Value> value;
      try {
        value = input_.next();
      } catch (const Error& error) {
        ending_ = error.failure();
        stopped_ = true;
        return false;
      }
      if (!value) {
        return false;
      }
      start(*value);
    }
    return false;
  }

  void start(const JsonStream::Value& value) {
    const std::uint64_t index = taken_++;
    const std::size_t bytes = value.text.size();
    EventData event = lines_.common;
    event.data = value.text;
    ++in_flight_;
    bytes_in_flight_ += bytes;
    try {
      dispatcher_->start(lines_.target.method, std::move(event),
                         [this, index, bytes](const std::optional<Failure>& failure) {
                           settle(index, bytes, failure);
                         });
    } catch (const Error& error) {
      settle(index, bytes, refusal(error, value));
      if (error.kind() != ErrorKind::usage) {
        lose(error);
      }
    }
  }

  /// What was wrong with a value, with its place in the input if it is not JSON.
  Failure refusal(const Error& error, const JsonStream::Value& value) {
    if (error.kind() != ErrorKind::usage) {
      return error.failure();
    }
    try {
      require_json_value(value.text, value.line);
    } catch (const Error& at_fault) {
      input_.skip_line();
      return at_fault.failure();
    }
    return error.failure();
  }

  void settle(std::uint64_t index, std::size_t bytes, const std::optional<Failure>& failure) {
    --in_flight_;
    bytes_in_flight_ -= bytes;
    if (!failure) {
      ++dispatched_;
      return;
    }
    ++failed_[failure->kind];
    maybe_ += failure->executed == Executed::maybe ? 1U : 0U;
    if (session_.output.format() != OutputFormat::none) {
      output_.append(
          fmt::format(R"({{"index":{},"error":{}}})", index,
                      error_json(*failure, {.service = lines_.target.service}, nullptr)));
    }
  }

  /// Nothing more is sent, and what is left of the input is not read.
  void lose(const Error& error) {
    lost_ = stopped_ = true;
    ending_ = error.failure();
  }

  /// Until there is something to do, or until `until`.
  void wait(Clock::time_point until) {
    std::vector<pollfd> others;
    const bool may_stop = !interrupted_ && session_.interrupt_fd >= 0;
    if (may_stop) {
      others.push_back({.fd = session_.interrupt_fd, .events = POLLIN, .revents = 0});
    }
    if (!stopped_ && !input_.finished() && has_room()) {
      others.push_back(input_.readable());
    }
    if (output_.pending() > 0) {
      others.push_back(output_.writable());
    }
    if (lost_) {
      static_cast<void>(Loop().wait(others, until));
    } else {
      run_once(others, until);
    }
    // A connection that always has something to say never looks at the others.
    if (may_stop && (others.front().revents != 0 || SignalPipe::received() != 0)) {
      interrupted_ = stopped_ = true;
      farewell_until_ = Clock::now() + farewell;
    } else if (Clock::now() >= farewell_until_) {
      farewell_until_ = Clock::time_point::max();
      give_up_confirmations();
    }
    progress_.update({.done = dispatched_ + failed(),
                      .failed = failed(),
                      .in_flight = in_flight_,
                      .fraction = input_.fraction_taken()},
                     Clock::now());
  }

  void give_up_confirmations() {
    if (in_flight_ > 0 && !lost_) {
      // The signal is still there to be heard, and the rest fails with it.
      dispatcher_->set_interrupt_fd(session_.interrupt_fd);
      run_once({}, Clock::time_point());
    }
  }

  void run_once(std::span<pollfd> others, Clock::time_point until) {
    try {
      dispatcher_->run_once(others, until);
    } catch (const Error& error) {
      lose(error);
    }
  }

  [[nodiscard]] std::uint64_t failed() const {
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : failed_) {
      sum += count;
    }
    return sum;
  }

  /// "998 of 1,000 events dispatched; failed: usage 1, no_instance 1".
  [[nodiscard]] std::string summary() const {
    std::string text =
        fmt::format("{} of {} events dispatched", grouped(dispatched_), grouped(taken_));
    const char* separator = "; failed: ";
    for (const auto& [kind, count] : failed_) {
      text += fmt::format("{}{} {}", separator, error_code(kind), grouped(count));
      separator = ", ";
    }
    return text;
  }

  /// What ended it before the end of the input, with how far it had come.
  [[nodiscard]] int report_ending(Failure failure) const {
    failure.message += fmt::format(
        "; {} of {} events dispatched, {} maybe, {} not; the rest of "
        "the input was not sent",
        grouped(dispatched_), grouped(taken_), grouped(maybe_), grouped(failed() - maybe_));
    failure.executed = maybe_ + dispatched_ > 0 ? Executed::maybe : Executed::no;
    failure.hint = fmt::format("values {} and up (counted from 0) were not sent", taken_);
    return session_.output.print_failure(failure, {.service = lines_.target.service}, nullptr);
  }

  [[nodiscard]] int report() const {
    if (ending_) {
      return report_ending(*ending_);
    }
    if (interrupted_) {
      return report_ending({.kind = ErrorKind::interrupted, .message = "interrupted"});
    }
    if (failed() == 0) {
      return 0;
    }
    session_.output.warn(summary());
    return exit_code(dispatched_ == 0 ? ErrorKind::remote_error : ErrorKind::partial);
  }

  const EventLines& lines_;
  Session& session_;
  Settings settings_;
  ValueInput input_;
  LineOutput output_ = {};
  Progress progress_;
  std::optional<Dispatcher> dispatcher_ = std::nullopt;

  std::uint64_t taken_ = 0;  ///< values of the input
  std::uint64_t in_flight_ = 0;
  std::size_t bytes_in_flight_ = 0;
  std::uint64_t dispatched_ = 0;
  std::map<ErrorKind, std::uint64_t> failed_ = {};
  std::uint64_t maybe_ = 0;  ///< of those that failed

  bool stopped_ = false;  ///< nothing more is sent
  bool interrupted_ = false;
  Clock::time_point farewell_until_ = Clock::time_point::max();
  bool lost_ = false;                             ///< the session is over
  std::optional<Failure> ending_ = std::nullopt;  ///< why it ended early
};

}  // namespace

int dispatch_lines(const EventLines& lines, Session& session) {
  return EventStream(lines, session).run();
}

}  // namespace miko::cli
