#include "cli/listen.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "base/signals.h"
#include "base/text.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/event_line.h"
#include "cli/event_program.h"
#include "cli/exit_code.h"
#include "cli/line_output.h"
#include "cli/progress.h"
#include "cli/reconnect.h"
#include "miko.h"

namespace miko::cli {
namespace {

/// Events that wait for a slow reader or program; with more the oldest are dropped, but for those
/// of a durable queue, of which the broker sends few ahead.
constexpr std::size_t waiting_events_max = 10'000;
constexpr std::size_t waiting_bytes_max = 64UL * 1024 * 1024;
/// What is handed to stdout at a time can no longer be dropped.
constexpr std::size_t output_ahead_max = 64UL * 1024;
constexpr std::uint64_t count_max = 1'000'000'000'000;
/// For the reader of stdout to take what waits after Ctrl-C.
constexpr std::chrono::seconds farewell{1};

/// An event that has not been printed or handled yet.
struct Waiting {
  Event event = {};
  std::string text = {};  ///< as it will be printed
};

class EventPrinter {
 public:
  EventPrinter(const ListenOptions& options, Session& session)
      : options_(options),
        session_(session),
        settings_(session.settings()),
        what_(
            {.subscriptions = subscriptions_of(options), .durable = options.durable.value_or("")}),
        count_(options.count ? parse_count("-n", *options.count, 1, count_max) : 0) {
    if (options.durable && options.durable->empty()) {
      throw usage_error("--durable has no name");
    }
    if (options.program && options.program->find_first_not_of(" \t") == std::string::npos) {
      throw usage_error("--exec has no command");
    }
    if (options.duration) {
      end_ = Clock::now() + parse_duration("--for", *options.duration);
    }
  }

  int run() {
    connect();
    announce();
    while (!finished()) {
      work();
      output_.flush();
      acknowledge();
      if (!finished()) {
        wait();
      }
    }
    acknowledge();
    if (listener_) {
      // What was acknowledged to a durable queue must arrive, or it comes again.
      interrupted_ && !options_.durable ? listener_->close(interrupted_goodbye)
                                        : listener_->close();
    }
    if (!options_.durable) {
      dropped_ += waiting_.size() + printed_.size();
    }
    return report();
  }

 private:
  // Connecting.

  void connect() {
    Options connection = settings_.connection;
    connection.interrupt_fd = session_.interrupt_fd;
    listener_.emplace(std::move(connection), what_,
                      [this](Event event) { take(std::move(event)); });
    try {
      const Clock::time_point from = connected_before_ ? Clock::now() : session_.started;
      listener_->open(from + settings_.timeout);
    } catch (const Error&) {
      listener_.reset();
      throw;
    }
    // From here on Ctrl-C is an event among others.
    listener_->set_interrupt_fd(-1);
    connected_before_ = true;
    reconnect_.succeeded();
  }

  void announce() const {
    std::string names;
    for (const Subscription& one : what_.subscriptions) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", one.service);
    }
    session_.output.warn(fmt::format("listening to events of {}", names));
    if (!options_.durable) {
      return;
    }
    const std::uint64_t waiting = listener_->waiting_at_start();
    if (waiting >= listener_->capacity()) {
      session_.output.warn("the durable queue is full: the broker has dropped older events");
    } else if (waiting > 0) {
      session_.output.warn(fmt::format("{} events are waiting", grouped(waiting)));
    }
    if (listener_->others_at_start() > 0) {
      session_.output.warn("somebody else takes from the durable queue: each event goes to one");
    }
  }

  /// What was lost is connected again, later, unless that is not wanted or of no use.
  void lose(const Error& error) {
    listener_.reset();
    if (options_.no_reconnect || !Reconnect::may_help(error) || stopped_) {
      ending_ = error.failure();
      // What only prints has no effect that could be repeated.
      ending_->executed = options_.program ? Executed::maybe : Executed::no;
      stopped_ = true;
      return;
    }
    if (options_.durable) {
      // They come again.
      taken_ -= waiting_.size();
      waiting_.clear();
      waiting_bytes_ = 0;
      printed_.clear();
      running_number_ = 0;
    }
    const std::chrono::duration<double> pause = reconnect_.after_loss();
    session_.output.warn(fmt::format("{}; connecting again in {} s", error.what(), pause.count()));
  }

  void connect_again() {
    try {
      connect();
      session_.output.warn(options_.durable ? "connected again"
                                            : "connected again; events dispatched meanwhile are "
                                              "not printed");
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) {
        stop();
      } else {
        lose(error);
      }
    }
  }

  // Events.

  [[nodiscard]] bool enough() const { return count_ > 0 && taken_ >= count_; }

  void take(Event event) {
    if (stopped_ || enough()) {
      return;
    }
    ++taken_;
    const auto at = std::chrono::system_clock::now();
    const bool for_eyes = session_.output.format() == OutputFormat::pretty && !options_.program;
    Waiting waiting = {.text = for_eyes ? event_text(event, at, session_.output.stdout_colour())
                                        : event_json(event, at)};
    event.data.clear();
    event.headers.clear();
    event.body.clear();
    waiting.event = std::move(event);
    waiting_bytes_ += waiting.text.size();
    waiting_.push_back(std::move(waiting));
    if (!options_.durable) {
      drop_too_many();
    }
  }

  void drop_too_many() {
    while (waiting_.size() > waiting_events_max ||
           (waiting_.size() > 1 && waiting_bytes_ > waiting_bytes_max)) {
      if (dropped_++ == 0) {
        session_.output.warn(options_.program
                                 ? "the program is slower than events come: dropping the oldest"
                                 : "standard output is read slower than events come: dropping the "
                                   "oldest");
      }
      static_cast<void>(take_waiting());
    }
  }

  Waiting take_waiting() {
    Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= first.text.size();
    return first;
  }

  /// Hands events on, as far as their reader or program goes along.
  void work() {
    if (options_.program) {
      run_program();
      return;
    }
    while (!waiting_.empty() && output_.pending() < output_ahead_max) {
      const Waiting next = take_waiting();
      if (session_.output.format() != OutputFormat::none) {
        output_.append(next.text);
        appended_ += next.text.size() + 1;
      }
      printed_.emplace_back(appended_, next.event.number);
    }
  }

  void run_program() {
    if (program_ && program_->status() >= 0) {
      program_ended(program_->status());
      program_.reset();
    }
    if (!program_ && !waiting_.empty() && !stopped_) {
      const Waiting next = take_waiting();
      program_.emplace(*options_.program, next.event, next.text + '\n');
      running_ = fmt::format("{}.{}", next.event.service, next.event.type);
      running_number_ = next.event.number;
    }
  }

  void program_ended(int status) {
    ++handled_;
    if (status == 0) {
      if (running_number_ > 0) {
        printed_.emplace_back(0, running_number_);
      }
      return;
    }
    ++failed_;
    if (options_.durable) {
      ending_ = {.kind = ErrorKind::partial,
                 .message = fmt::format("the program ended with {} for an event {}", status,
                                        printable(running_)),
                 .executed = Executed::yes,
                 .hint = "the event stays in the queue, and is the first of the next run"};
      stop();
    } else {
      session_.output.warn(
          fmt::format("the program ended with {} for an event {}", status, running_));
    }
  }

  /// Tells the broker of what was written, or handled.
  void acknowledge() {
    const std::uint64_t written = appended_ - output_.pending();
    std::uint64_t number = 0;
    while (!printed_.empty() && printed_.front().first <= written) {
      number = printed_.front().second;
      printed_.pop_front();
    }
    if (number > 0 && listener_) {
      listener_->acknowledge(number);
    }
  }

  // The end.

  void stop() {
    if (!stopped_) {
      stopped_ = true;
      farewell_until_ = Clock::now() + farewell;
    }
  }

  [[nodiscard]] bool finished() const {
    const bool nothing_left = output_.pending() == 0 && !program_;
    if (stopped_) {
      const bool late = !program_ && Clock::now() >= farewell_until_;
      return late || (nothing_left && (waiting_.empty() || options_.program));
    }
    return enough() && nothing_left && waiting_.empty();
  }

  void wait() {
    std::vector<pollfd> others;
    const bool may_stop = !interrupted_ && session_.interrupt_fd >= 0;
    if (may_stop) {
      others.push_back({.fd = session_.interrupt_fd, .events = POLLIN, .revents = 0});
    }
    if (output_.pending() > 0) {
      others.push_back(output_.writable());
    }
    if (program_) {
      others.push_back(program_->ended());
    }
    Clock::time_point until = stopped_ ? farewell_until_ : end_;
    if (!listener_ && !stopped_) {
      until = std::min(until, reconnect_.due());
    }
    if (program_ && stopped_) {
      until = Clock::time_point::max();
    }
    listen(others, until);
    if (may_stop && (others.front().revents != 0 || SignalPipe::received() != 0)) {
      interrupted_ = true;
      stop();
    } else if (!stopped_ && Clock::now() >= end_) {
      stop();
    }
  }

  void listen(std::span<pollfd> others, Clock::time_point until) {
    if (listener_) {
      try {
        listener_->run_once(others, until);
      } catch (const Error& error) {
        lose(error);
      }
      return;
    }
    static_cast<void>(Loop().wait(others, until));
    if (!stopped_ && Clock::now() >= reconnect_.due() && Clock::now() < end_) {
      connect_again();
    }
  }

  int report() {
    if (listener_ && listener_->was_full()) {
      session_.output.warn("the queue was full: the broker has dropped events");
    }
    if (dropped_ > 0) {
      session_.output.warn(
          fmt::format("{} of {} events were dropped", grouped(dropped_), grouped(taken_)));
    }
    if (ending_) {
      return session_.output.print_failure(*ending_, {}, nullptr);
    }
    if (count_ > 0 && taken_ < count_) {
      const std::string came =
          fmt::format("{} of {} events came", grouped(taken_), grouped(count_));
      return session_.output.print_failure(
          {.kind = interrupted_ ? ErrorKind::interrupted : ErrorKind::timeout,
           .message = interrupted_ ? fmt::format("interrupted; {}", came) : came + " in time"},
          {}, nullptr);
    }
    if (failed_ > 0) {
      session_.output.warn(fmt::format("the program failed for {} of {} events", grouped(failed_),
                                       grouped(handled_)));
      return exit_code(failed_ == handled_ ? ErrorKind::remote_error : ErrorKind::partial);
    }
    return dropped_ > 0 || (listener_ && listener_->was_full()) ? exit_code(ErrorKind::partial) : 0;
  }

  const ListenOptions& options_;
  Session& session_;
  Settings settings_;
  ListenerOptions what_;
  std::uint64_t count_;  ///< 0: no limit
  Clock::time_point end_ = Clock::time_point::max();

  std::optional<Listener> listener_ = std::nullopt;  ///< nothing while the connection is lost
  bool connected_before_ = false;
  Reconnect reconnect_ = {};

  std::deque<Waiting> waiting_ = {};
  std::size_t waiting_bytes_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t dropped_ = 0;

  LineOutput output_ = {};
  std::uint64_t appended_ = 0;  ///< bytes handed to `output_`
  /// Handed on and not acknowledged: where the event ends in the output, and its number.
  std::deque<std::pair<std::uint64_t, std::uint64_t>> printed_ = {};

  std::optional<EventProgram> program_ = std::nullopt;
  std::string running_ = {};  ///< the event of the program
  std::uint64_t running_number_ = 0;
  std::uint64_t handled_ = 0;
  std::uint64_t failed_ = 0;

  bool stopped_ = false;  ///< no more events are taken
  bool interrupted_ = false;
  Clock::time_point farewell_until_ = {};
  std::optional<Failure> ending_ = std::nullopt;
};

}  // namespace

int listen(const ListenOptions& options, Session& session) {
  return EventPrinter(options, session).run();
}

}  // namespace miko::cli
