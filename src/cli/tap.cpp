// miko tap [SERVICE...]
// Shows the calls that others make, each with its reply.

#include "nameko/tap.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/signals.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/count.h"
#include "cli/discovery.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/line_output.h"
#include "cli/name_cache.h"
#include "cli/progress.h"
#include "cli/recording.h"
#include "cli/tap_filter.h"
#include "cli/tap_line.h"
#include "cli/transactions.h"

namespace miko::cli {
namespace {

constexpr std::uint64_t count_max = 1'000'000'000;
constexpr std::uint64_t queue_length_max = 1'000'000;

/// Lines are dropped, and counted, while this much waits for the reader of stdout: watching goes
/// on, so that the broker is not made to wait.
constexpr std::size_t waiting_output_max = 8UL * 1024 * 1024;

/// How long the end is put off for a reader who still takes what waits for him.
constexpr std::chrono::seconds last_output{2};

/// Bytes of names where they were not typed.
constexpr std::size_t announced_size_max = 400;

/// Methods that are kept for completion.
constexpr std::size_t remembered_max = 1000;

/// Columns of a line for eyes where there is no terminal to ask.
constexpr std::size_t default_columns = 120;

struct TapWords {
  std::vector<std::string> services = {};
  bool errors = false;
  std::optional<std::string> slow = std::nullopt;
  std::string method = {};
  std::string grep = {};
  std::optional<std::string> duration = std::nullopt;
  std::optional<std::string> count = std::nullopt;
  std::optional<std::string> queue_length = std::nullopt;
  bool full = false;
  bool tree = false;
  std::optional<std::string> record = std::nullopt;
};

std::size_t terminal_columns() {
  winsize size = {};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

TapOptions tap_options(const TapWords& words, const Settings& settings) {
  TapOptions options = {.services = words.services, .reply_timeout = settings.timeout};
  if (words.queue_length) {
    options.queue_length_max = static_cast<std::uint32_t>(
        parse_count("--queue-length", *words.queue_length, 1, queue_length_max));
  }
  return options;
}

TapFilter tap_filter(const TapWords& words) {
  TapFilter filter = {.errors = words.errors, .method = words.method, .text = words.grep};
  if (words.slow) {
    filter.slow = parse_duration("--slow", *words.slow);
  }
  return filter;
}

class Watch {
 public:
  Watch(const TapWords& words, Session& session)
      : words_(words),
        session_(session),
        settings_(session.settings()),
        filter_(tap_filter(words)),
        discovery_(words.services.empty() ? std::make_unique<Discovery>(settings_) : nullptr),
        tap_(settings_.connection, tap_options(words, settings_)),
        names_(session.environment) {
    if (words.count) {
      count_ = parse_count("--count", *words.count, 1, count_max);
    }
    if (words.duration) {
      duration_ = parse_duration("--for", *words.duration);
    }
    if (words.record) {
      recording_.emplace(*words.record);
    }
  }

  int run() {
    const Clock::time_point deadline = session_.started + settings_.timeout;
    if (discovery_) {
      discovery_->begin(tap_, deadline);
    }
    tap_.log_in(deadline);
    // From here on Ctrl-C is an event among others.
    tap_.set_interrupt_fd(-1);
    announce_start();
    started_ = Clock::now();
    const Clock::time_point end = duration_ ? started_ + *duration_ : Clock::time_point::max();
    while (!interrupted_ && !complete() && Clock::now() < end) {
      turn(end);
    }
    // Before the reader of stdout is waited for: who tires of that must not kill a tap that
    // watches.
    interrupted_ ? tap_.close(interrupted_goodbye) : tap_.close();
    finish_output();
    summarize();
    return interrupted_ ? exit_code(ErrorKind::interrupted) : 0;
  }

 private:
  [[nodiscard]] bool complete() const { return count_ && shown_ >= *count_; }

  void turn(Clock::time_point end) {
    std::vector<pollfd> others;
    if (session_.interrupt_fd >= 0) {
      others.push_back({.fd = session_.interrupt_fd, .events = POLLIN, .revents = 0});
    }
    if (output_.pending() > 0) {
      others.push_back(output_.writable());
    }
    if (discovery_) {
      discovery_->look(tap_, session_.output);
      end = std::min(end, discovery_->next());
    }
    try {
      for (Exchange& exchange : tap_.run_once(others, end)) {
        take(std::move(exchange));
      }
    } catch (const Error&) {
      tap_.close();
      finish_output();
      summarize();
      throw;
    }
    announce_changes();
    output_.flush();
    interrupted_ = SignalPipe::received() != 0;
  }

  void take(Exchange exchange) {
    if (complete()) {
      return;
    }
    ++seen_;
    if (exchange.answered && exchange.reply.ok()) {
      remember(exchange);
    }
    failed_ += exchange.answered && !exchange.reply.ok() ? 1 : 0;
    unanswered_ += exchange.answered ? 0 : 1;
    std::optional<CallTree> tree = words_.tree
                                       ? transactions_.add(std::move(exchange))
                                       : std::optional(CallTree{.exchange = std::move(exchange)});
    if (tree && passes(*tree)) {
      show(*tree);
    }
  }

  /// For the completion of a shell.
  void remember(const Exchange& exchange) {
    if (remembered_.size() < remembered_max &&
        remembered_.insert(exchange.service + '.' + exchange.method).second) {
      names_.add_method(exchange.service, exchange.method);
    }
  }

  /// A transaction is shown whole if one of its calls is wanted.
  [[nodiscard]] bool passes(const CallTree& tree) const {
    return filter_.passes(tree.exchange) ||
           std::any_of(tree.calls.begin(), tree.calls.end(),
                       [this](const CallTree& call) { return passes(call); });
  }

  void show(const CallTree& tree) {
    ++shown_;
    if (recording_) {
      recording_->write(json(tree, Values::whole));
    }
    if (session_.output.format() == OutputFormat::none) {
      return;
    }
    if (output_.pending() > waiting_output_max) {
      if (++dropped_ == 1) {
        session_.output.warn("the reader of stdout is too slow: some calls are not shown");
      }
    } else if (session_.output.format() == OutputFormat::pretty) {
      append_lines(tree, 0);
    } else {
      output_.append(json(tree, words_.full ? Values::whole : Values::shortened));
    }
  }

  /// With --tree the line of a call has those made during it as "calls".
  [[nodiscard]] std::string json(const CallTree& tree, Values values) const {
    std::string text = exchange_json(tree.exchange, time_of(tree.exchange), values);
    if (words_.tree) {
      text.pop_back();
      text += R"(,"calls":[)";
      for (const CallTree& call : tree.calls) {
        text += text.ends_with('[') ? "" : ",";
        text += json(call, values);
      }
      text += "]}";
    }
    return text;
  }

  void append_lines(const CallTree& tree, std::size_t depth) {
    outcome_columns_ = std::max(outcome_columns_, outcome_columns(tree.exchange));
    LineLayout layout = {.colour = session_.output.stdout_colour(),
                         .indent = 2 * depth,
                         .outcome_columns = outcome_columns_};
    if (!words_.full) {
      layout.width = session_.output.prints_on_terminal() ? terminal_columns() : default_columns;
    }
    output_.append(exchange_line(tree.exchange, time_of(tree.exchange), layout));
    for (const CallTree& call : tree.calls) {
      append_lines(call, depth + 1);
    }
  }

  static std::chrono::system_clock::time_point time_of(const Exchange& exchange) {
    return std::chrono::system_clock::now() -
           std::chrono::duration_cast<std::chrono::system_clock::duration>(Clock::now() -
                                                                           exchange.requested);
  }

  /// Waits for a reader who still reads, but for who stops miko no longer than a moment.
  void finish_output() {
    const Clock::time_point end =
        interrupted_ ? Clock::now() + last_output : Clock::time_point::max();
    output_.flush();
    while (output_.pending() > 0 && Clock::now() < end) {
      std::vector<pollfd> fds = {output_.writable()};
      if (!interrupted_ && session_.interrupt_fd >= 0) {
        fds.push_back({.fd = session_.interrupt_fd, .events = POLLIN, .revents = 0});
      }
      static_cast<void>(Loop().wait(fds, end));
      if (fds.back().fd == session_.interrupt_fd && fds.back().revents != 0) {
        interrupted_ = true;
        return;
      }
      output_.flush();
    }
  }

  void announce_start() {
    std::string watched;
    std::string missing;
    for (const TappedService& service : tap_.services()) {
      std::string& names = service.present ? watched : missing;
      names += names.empty() ? "" : ", ";
      names += printable(service.name);
      present_.push_back(service.present);
    }
    if (discovery_) {
      session_.output.warn(watched.empty() ? "no service here yet: watching those to come"
                                           : fmt::format("watching {}, and those to come",
                                                         shortened(watched, announced_size_max)));
    } else if (!watched.empty()) {
      session_.output.warn(fmt::format("watching {}", watched));
    }
    if (!missing.empty()) {
      session_.output.warn(fmt::format("waiting for {}: no such service here yet", missing));
    }
  }

  void announce_changes() {
    const std::vector<TappedService>& services = tap_.services();
    present_.resize(services.size());
    for (std::size_t i = 0; i < services.size(); ++i) {
      if (services[i].present != present_[i]) {
        present_[i] = services[i].present;
        const std::string name = printable(services[i].name);
        session_.output.warn(services[i].present
                                 ? fmt::format("watching {}", name)
                                 : fmt::format("waiting for {}: its queue was deleted", name));
      }
    }
    const TapCounts counts = tap_.counts();
    if (counts.times_full > 0 && times_full_ == 0) {
      session_.output.warn(
          "more waits at the broker than the limit allows: some messages are lost");
    }
    times_full_ = counts.times_full;
  }

  /// "12 calls in 10 s: 9 ok, 2 failed, 1 without reply; 3 wait for their replies".
  void summarize() const {
    const TapCounts counts = tap_.counts();
    const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
    std::string text =
        fmt::format("{} call{} in {:.1f} s: {} ok, {} failed, {} without reply", grouped(seen_),
                    seen_ == 1 ? "" : "s", seconds, grouped(seen_ - failed_ - unanswered_),
                    grouped(failed_), grouped(unanswered_));
    if (shown_ < seen_) {
      text += fmt::format("; {}{} shown", grouped(shown_),
                          !words_.tree  ? ""
                          : shown_ == 1 ? " transaction"
                                        : " transactions");
    }
    if (counts.waiting > 0) {
      text += fmt::format("; {} not answered yet", grouped(counts.waiting));
    }
    if (dropped_ > 0) {
      text +=
          fmt::format("; {} dropped because the reader of stdout is too slow", grouped(dropped_));
    }
    if (counts.times_full > 0) {
      text += fmt::format(
          "; the limit at the broker was reached, so that some messages are missing: {} replies "
          "had no request",
          grouped(counts.unmatched_replies));
    }
    session_.output.warn(text);
  }

  const TapWords& words_;
  Session& session_;
  Settings settings_;
  TapFilter filter_;
  std::unique_ptr<Discovery> discovery_;
  Tap tap_;
  NameCache names_;
  std::set<std::string> remembered_ = {};
  std::optional<Recording> recording_ = std::nullopt;
  std::optional<std::uint64_t> count_ = std::nullopt;
  std::size_t outcome_columns_ = LineLayout{}.outcome_columns;
  std::optional<std::chrono::nanoseconds> duration_ = std::nullopt;
  LineOutput output_ = {};
  Transactions transactions_ = Transactions();
  std::vector<bool> present_ = {};

  Clock::time_point started_ = {};
  std::uint64_t seen_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t unanswered_ = 0;
  std::uint64_t shown_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t times_full_ = 0;
  bool interrupted_ = false;
};

}  // namespace

void declare_tap(CLI::App& command, Session& session) {
  auto words = std::make_shared<TapWords>();
  const auto text = [&command](const char* option, std::optional<std::string>& value,
                               const char* what, const char* help) {
    command.add_option(option, value, help)->option_text(what);
  };
  command
      .add_option("service", words->services,
                  "Services to watch, also those to come; none: all that the management API lists")
      ->option_text("[SERVICE...]");
  command.add_flag("--errors", words->errors, "Only calls that failed or have no reply");
  text("--slow", words->slow, "DURATION", "Only calls that took so long or longer");
  command.add_option("--method", words->method, "Only these methods: get_*, or orders.get_*")
      ->option_text("GLOB");
  command.add_option("--grep", words->grep, "Only calls with this in arguments or result")
      ->option_text("TEXT");
  text("-n,--count", words->count, "N", "End after N calls have been shown");
  text("--for", words->duration, "DURATION", "End after so long");
  command.add_flag("--tree", words->tree,
                   "Show a call together with the calls its service made for it");
  command.add_flag("--full", words->full, "Show arguments and results whole, however long");
  text("--record", words->record, "FILE",
       "Write what is shown to a file as well, whole, as lines of JSON");
  text("--queue-length", words->queue_length, "N",
       "Messages that may wait at the broker before the oldest are dropped [10000]");
  command.footer(
      "Examples:\n"
      "  miko tap\n"
      "  miko tap orders payments\n"
      "  miko tap orders --errors --for 1m -o json | jq -r .error.message\n"
      "  miko tap orders --slow 500ms --method 'get_*'");
  command.callback(
      [words, &session] { session.run = [words](Session& s) { return Watch(*words, s).run(); }; });
}

}  // namespace miko::cli
