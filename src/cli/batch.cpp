// miko batch [FILE]
// Makes many calls over one connection: a JSON value in, a line out.

#include "cli/batch.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/signals.h"
#include "cli/batch_call.h"
#include "cli/count.h"
#include "cli/exit_code.h"
#include "cli/line_output.h"
#include "cli/progress.h"
#include "cli/value_input.h"
#include "miko.h"

namespace miko::cli {
namespace {

/// No more calls are started while this much waits for the reader of stdout, or with --ordered
/// behind an answer that is late.
constexpr std::size_t waiting_output_max = 1024UL * 1024;
constexpr std::size_t waiting_lines_max = 10'000;
/// Nobody waits for a line at the end of a file, so a file is written in pieces of this size, or
/// after this time at the latest.
constexpr std::size_t file_piece = 64UL * 1024;
constexpr std::chrono::milliseconds file_delay{100};
/// Values taken before the connection, the output and Ctrl-C get their turn.
constexpr std::uint64_t values_per_turn = in_flight_max;

class Batch {
 public:
  Batch(const BatchOptions& options, Session& session)
      : options_(options),
        session_(session),
        settings_(session.settings()),
        window_(parse_count("-j", options.in_flight, 1, in_flight_max)),
        input_(options.input),
        progress_(progress_wanted(options, session.output), Clock::now()) {
    const Loop loop(session.interrupt_fd);
    FileInput files(loop, session.started + settings_.timeout);
    if (options.input == "-") {
      files.give_up_stdin();
    }
    common_ = parse_context_and_headers(options.arguments, files);
    settings_.connection.confirms = false;
    settings_.connection.in_flight_max = static_cast<int>(window_);
  }

  int run() {
    if (input_.is_terminal()) {
      session_.output.warn("reading calls from the terminal, Ctrl-D ends");
    }
    rpc_.emplace(connect(settings_.connection));
    rpc_->log_in(session_.started + settings_.timeout);
    // From here on Ctrl-C is an event among others.
    rpc_->set_interrupt_fd(-1);
    while (true) {
      const bool more = refill();
      write_answers();
      if (finished()) {
        break;
      }
      wait(more ? Clock::time_point() : progress_.next_update());
    }
    progress_.clear();
    if (!lost_) {
      interrupted_ ? rpc_->close(interrupted_goodbye) : rpc_->close();
    }
    return report();
  }

 private:
  static bool progress_wanted(const BatchOptions& options, const Output& output) {
    // Not in between the answers.
    return !options.no_progress && output.may_show_progress() && !output.prints_on_terminal();
  }

  [[nodiscard]] bool finished() const {
    return in_flight_ == 0 && output_.pending() == 0 && (stopped_ || input_.finished());
  }

  [[nodiscard]] bool has_room() const {
    return in_flight_ < window_ && output_.pending() + held_bytes_ < waiting_output_max &&
           held_.size() < waiting_lines_max;
  }

  /// Starts calls until the window is full or no value has arrived. True: there may be more.
  bool refill() {
    for (std::uint64_t i = 0; !stopped_ && has_room(); ++i) {
      if (i == values_per_turn) {
        return true;
      }
      std::optional<JsonStream::Value> value;
      try {
        value = input_.next();
      } catch (const Error& error) {
        input_failure_ = error.failure();
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
    const std::uint64_t index = started_++;
    BatchCall call = {.target = options_.target, .arguments = common_};
    try {
      if (options_.target.service.empty()) {
        read_batch_call(value.text, value.line, call);
      } else {
        read_batch_arguments(value.text, value.line, call);
      }
    } catch (const Error& error) {
      if (error.failure().source.line > 0) {
        input_.skip_line();
      }
      answer(index, call.id, call.target, {.failure = error.failure()});
      return;
    }
    if (lost_) {
      answer(index, call.id, call.target, {.failure = *lost_});
      return;
    }
    call.arguments.expires = !options_.no_expire;
    ++in_flight_;
    try {
      rpc_->start(call.target.service, call.target.method, std::move(call.arguments),
                  [this, index, id = call.id, target = call.target](const Reply& reply) {
                    --in_flight_;
                    answer(index, id, target, reply);
                  });
    } catch (const Error& error) {
      // Refused before anything of it was sent; a lost session has answered what was in flight.
      --in_flight_;
      answer(index, call.id, call.target, {.failure = error.failure()});
      if (error.kind() != ErrorKind::usage) {
        lose(error);
      }
    }
  }

  /// What comes from now on is not sent.
  void lose(const Error& error) {
    lost_ = error.failure();
    lost_->executed = Executed::no;
  }

  void answer(std::uint64_t index, const std::string& id, const Target& target,
              const Reply& reply) {
    ++answered_;
    if (!reply.ok()) {
      ++failed_[reply.failure->kind];
      stopped_ = stopped_ || options_.fail_fast;
    }
    if (session_.output.format() == OutputFormat::none) {
      return;
    }
    line_.assign(R"({"index":)").append(std::to_string(index)).append(R"(,"id":)").append(id);
    const std::size_t envelope = line_.size();
    write_envelope(json_, reply, {.service = target.service, .method = target.method},
                   [this](std::string_view piece) { line_ += piece; });
    line_[envelope] = ',';
    if (!options_.ordered) {
      output_.append(line_);
      return;
    }
    held_bytes_ += line_.size();
    held_.emplace(index, line_);
    while (!held_.empty() && held_.begin()->first == next_line_) {
      held_bytes_ -= held_.begin()->second.size();
      output_.append(held_.begin()->second);
      held_.erase(held_.begin());
      ++next_line_;
    }
  }

  void write_answers() {
    const bool may_wait = output_.is_file() && in_flight_ > 0 && output_.pending() < file_piece;
    if (may_wait && Clock::now() < next_write_) {
      return;
    }
    output_.flush();
    next_write_ = Clock::now() + file_delay;
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
    if (output_.pending() > 0 && output_.is_file()) {
      until = std::min(until, next_write_);
    } else if (output_.pending() > 0) {
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
    }
    progress_.update({.done = answered_,
                      .failed = failed(),
                      .in_flight = in_flight_,
                      .fraction = fraction_done()},
                     Clock::now());
  }

  [[nodiscard]] std::optional<double> fraction_done() const {
    std::optional<double> fraction = input_.fraction_taken();
    if (fraction && started_ > 0) {
      *fraction *= static_cast<double>(answered_) / static_cast<double>(started_);
    }
    return fraction;
  }

  void run_once(std::span<pollfd> others, Clock::time_point until) {
    try {
      rpc_->run_once(others, until);
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

  /// "998 of 1,000 calls succeeded; failed: remote_error 1, timeout 1".
  [[nodiscard]] std::string summary() const {
    std::string text =
        fmt::format("{} of {} calls succeeded", grouped(answered_ - failed()), grouped(answered_));
    const char* separator = "; failed: ";
    for (const auto& [kind, count] : failed_) {
      text += fmt::format("{}{} {}", separator, error_code(kind), grouped(count));
      separator = ", ";
    }
    return text;
  }

  int report() {
    if (input_failure_) {
      input_failure_->message += "; " + summary();
      input_failure_->executed = answered_ > 0 ? Executed::maybe : Executed::no;
      return session_.output.print_failure(*input_failure_, {}, nullptr);
    }
    if (interrupted_) {
      return session_.output.print_failure(
          {.kind = ErrorKind::interrupted,
           .message = fmt::format("interrupted; {}", summary()),
           .executed = answered_ > 0 ? Executed::maybe : Executed::no,
           .hint = "what was in flight has been answered; nothing else was sent"},
          {}, nullptr);
    }
    const std::uint64_t failures = failed();
    if (failures == 0) {
      return 0;
    }
    session_.output.warn(summary());
    return exit_code(failures == answered_ ? ErrorKind::remote_error : ErrorKind::partial);
  }

  const BatchOptions& options_;
  Session& session_;
  Settings settings_;
  std::uint64_t window_;
  ValueInput input_;
  LineOutput output_ = {};
  // For their memory: each line is made in the same place.
  std::string line_ = {};
  JsonWriter json_ = {};
  Clock::time_point next_write_ = {};  ///< to a file
  Progress progress_;
  Arguments common_ = {};
  std::optional<Client> rpc_ = std::nullopt;

  std::uint64_t started_ = 0;
  std::uint64_t answered_ = 0;
  std::uint64_t in_flight_ = 0;
  std::map<ErrorKind, std::uint64_t> failed_ = {};
  /// With --ordered: lines that wait for an earlier one.
  std::map<std::uint64_t, std::string> held_ = {};
  std::size_t held_bytes_ = 0;
  std::uint64_t next_line_ = 0;

  bool stopped_ = false;  ///< nothing more is started
  bool interrupted_ = false;
  std::optional<Failure> lost_ = std::nullopt;  ///< why the session is over
  std::optional<Failure> input_failure_ = std::nullopt;
};

}  // namespace

int run_batch(const BatchOptions& options, Session& session) {
  if (session.output.format() == OutputFormat::raw) {
    throw usage_error("many calls have no output format 'raw'",
                      "each answer is a line of JSON; -o none prints nothing");
  }
  return Batch(options, session).run();
}

std::vector<CLI::Option*> add_batch_options(CLI::App& command, BatchOptions& options) {
  return {
      command
          .add_option("-j,--in-flight", options.in_flight,
                      "Calls in flight at a time, 1 to 1000 [64]")
          ->option_text("N"),
      command.add_flag("--ordered", options.ordered, "Print the answers in the order of the input"),
      command.add_flag("--fail-fast", options.fail_fast,
                       "Start no more calls after the first failure"),
      command.add_flag("--no-progress", options.no_progress, "Show no progress on the terminal")};
}

void declare_batch(CLI::App& command, Session& session) {
  auto options = std::make_shared<BatchOptions>();
  command
      .add_option("file", options->input,
                  "JSON values, one a line or spread over lines [standard input]:\n"
                  R"({"service": str, "method": str, "args": [...], "kwargs": {...}, "id": any})")
      ->option_text("[FILE]");
  add_batch_options(command, *options);
  command.add_flag("--no-expire", options->no_expire,
                   "Let requests wait in the queue, and run, after the timeout");
  command.footer(
      "Examples:\n"
      "  miko batch calls.jsonl > answers.jsonl\n"
      R"(  sed 's/.*/{"method": "orders.get", "args": ["&"]}/' ids.txt | miko batch -j 200)");
  command.callback([options, &session] {
    session.run = [options](Session& s) { return run_batch(*options, s); };
  });
}

}  // namespace miko::cli
