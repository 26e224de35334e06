#include "cli/serve.h"

#include <fmt/format.h>

#include <map>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/signals.h"
#include "base/text.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/line_output.h"
#include "cli/programs.h"
#include "cli/progress.h"
#include "cli/reconnect.h"
#include "miko.h"

namespace miko::cli {
namespace {

constexpr std::uint64_t requests_max = 1'000'000'000;
/// As many requests at a time as a service of Nameko has workers.
constexpr std::uint64_t default_in_flight = 10;
/// Nothing is answered while this much of the log waits for its reader.
constexpr std::size_t waiting_output_max = 1024UL * 1024;
/// For what is being answered when a signal comes.
constexpr std::chrono::seconds stop_grace{10};
constexpr std::chrono::seconds default_program_timeout{30};

/// {"service", "method", "args", "kwargs", "ok", "error", "elapsed_ms", "call_id_stack",
/// "correlation_id"}.
std::string log_line(const Request& request, const Response& response) {
  const std::chrono::duration<double, std::milli> elapsed = Clock::now() - request.arrived;
  const std::optional<std::string_view> stack = json_find(request.headers, "nameko.call_id_stack");
  JsonWriter json;
  json.begin_object();
  json.key("service").text(request.service);
  json.key("method").text(request.method);
  json.key("args").raw(json_format(request.args, JsonLayout::compact));
  json.key("kwargs").raw(json_format(request.kwargs, JsonLayout::compact));
  json.key("ok").boolean(response.ok());
  json.key("error");
  if (response.error) {
    json.begin_object();
    json.key("exc_type").text(response.error->exc_type);
    json.key("exc_path").text(response.error->exc_path);
    json.key("exc_args").raw(json_format(response.error->exc_args, JsonLayout::compact));
    json.key("value").text(response.error->value);
    json.end_object();
  } else {
    json.null();
  }
  json.key("elapsed_ms").raw(fmt::format("{:.3f}", elapsed.count()));
  json.key("call_id_stack").raw(stack.value_or("[]"));
  json.key("correlation_id").text(request.correlation_id);
  json.end_object();
  return json.str();
}

class Serving {
 public:
  Serving(const ServeOptions& options, Session& session)
      : options_(options),
        session_(session),
        settings_(session.settings()),
        loop_(session.interrupt_fd),
        input_(loop_, session.started + settings_.timeout),
        stubs_(make_stubs(options, input_)),
        programs_(options.program_timeout
                      ? parse_duration("--exec-timeout", *options.program_timeout)
                      : default_program_timeout,
                  [this](ProgramAnswer answer) { take(std::move(answer)); }),
        server_(settings_.connection, server_options()) {}

  int run() {
    // A log without a reader is no reason to leave a queue behind.
    ignore_broken_pipes();
    server_.start(session_.started + settings_.timeout);
    // From here on Ctrl-C is an event among others.
    server_.set_interrupt_fd(-1);
    connected_ = true;
    session_.output.warn(
        fmt::format("serving '{}' at {}", printable(options_.service), server_.address()));
    while (!finished()) {
      turn();
      if (!stopping_ && (interrupted_ || ending_ || all_taken())) {
        stop();
      }
    }
    flush_log();
    say_goodbye();
    session_.output.warn(summary());
    if (ending_) {
      return session_.output.print_failure(*ending_, {}, nullptr);
    }
    return interrupted_ ? exit_code(ErrorKind::interrupted) : 0;
  }

 private:
  [[nodiscard]] ServerOptions server_options() {
    requests_max_ = options_.count ? parse_count("--count", *options_.count, 1, requests_max) : 0;
    const std::uint64_t in_flight = options_.in_flight
                                        ? parse_count("-j", *options_.in_flight, 1, in_flight_max)
                                        : default_in_flight;
    return {.service = options_.service,
            .prefetch = static_cast<int>(in_flight),
            .requests_max = requests_max_,
            .beside_others = options_.force,
            .has_method = [this](std::string_view name) { return stubs_.has_method(name); },
            .handle = [this](const Request& request) { return handle(request); },
            .answered = [this](const Request& request,
                               const Response& response) { note(request, response); },
            .dropped = [this](std::string_view key, std::string_view why) { drop(key, why); },
            .blocked = [this](std::string_view reason) { note_blocked(reason); }};
  }

  [[nodiscard]] bool all_taken() const {
    return requests_max_ > 0 && server_.taken() == requests_max_;
  }

  [[nodiscard]] bool finished() const {
    return stopping_ && (!connected_ || !blocked_.empty() || server_.unanswered() == 0);
  }

  [[nodiscard]] bool has_room() const { return log_ended_ || log_.pending() < waiting_output_max; }

  std::optional<Response> handle(const Request& request) {
    Choice choice = stubs_.choose(request);
    if (choice.delay > Clock::duration::zero() || !has_room()) {
      const Clock::time_point due = request.arrived + choice.delay;
      waiting_.emplace(due, Waiting{.request = request, .choice = std::move(choice)});
      return std::nullopt;
    }
    if (const auto* const program = std::get_if<Program>(&choice.action)) {
      programs_.start(request, *program);
      return std::nullopt;
    }
    return std::get<Response>(std::move(choice.action));
  }

  /// What a program says on standard error goes on there, whatever became of it.
  void take(ProgramAnswer answer) {
    std::string_view errors = answer.errors;
    while (!errors.empty()) {
      const std::string_view line = errors.substr(0, errors.find('\n'));
      session_.output.warn(fmt::format("{}: {}", printable(answer.method), line));
      errors.remove_prefix(std::min(line.size() + 1, errors.size()));
    }
    server_.respond(answer.request_id, std::move(answer.response));
  }

  void note(const Request& request, const Response& response) {
    ++answered_;
    errors_ += response.ok() ? 0 : 1;
    if (options_.log && !log_ended_) {
      log_.append(log_line(request, response));
    }
  }

  void drop(std::string_view key, std::string_view why) {
    ++dropped_;
    if (!options_.log) {
      session_.output.warn(fmt::format("a message to {} was dropped: {}", printable(key), why));
      return;
    }
    JsonWriter json;
    json.begin_object();
    json.key("service").text(options_.service);
    json.key("routing_key").text(key);
    json.key("ok").boolean(false);
    json.key("dropped").text(why);
    json.end_object();
    log_.append(json.str());
  }

  /// Answers what is due, and all that waits once the grace is over.
  void answer_due(Clock::time_point now) {
    const bool grace_over = stopping_ && now >= give_up_;
    while (!waiting_.empty() && (grace_over || (waiting_.begin()->first <= now && has_room()))) {
      Waiting one = std::move(waiting_.extract(waiting_.begin()).mapped());
      if (const auto* const program = std::get_if<Program>(&one.choice.action)) {
        programs_.start(one.request, *program);
      } else {
        server_.respond(one.request.id, std::get<Response>(std::move(one.choice.action)));
      }
    }
    if (grace_over) {
      programs_.stop();
    }
  }

  /// When there is something to do without anything having arrived.
  [[nodiscard]] Clock::time_point next_due() const {
    Clock::time_point due = programs_.next_deadline();
    if (stopping_ && Clock::now() < give_up_) {
      due = std::min(due, give_up_);
    }
    if (!waiting_.empty() && has_room()) {
      due = std::min(due, waiting_.begin()->first);
    }
    return due;
  }

  void turn() {
    std::vector<pollfd> others;
    const bool may_stop = !interrupted_ && session_.interrupt_fd >= 0;
    if (may_stop) {
      others.push_back({.fd = session_.interrupt_fd, .events = POLLIN, .revents = 0});
    }
    if (log_.pending() > 0 && !log_ended_) {
      others.push_back(log_.writable());
    }
    const std::size_t before_programs = others.size();
    programs_.append_watched(others);
    wait(others);
    if (!programs_.empty()) {
      // Whoever always has requests to read never looks at the others.
      static_cast<void>(Loop().wait(others, Clock::time_point()));
    }
    programs_.turn(std::span(others).subspan(before_programs), Clock::now());
    write_log();
    answer_due(Clock::now());
    // A connection that always has something to say never looks at the others.
    if (may_stop && (others.front().revents != 0 || SignalPipe::received() != 0)) {
      interrupted_ = true;
    }
    if (!connected_ && !stopping_ && !ending_ && !interrupted_ &&
        Clock::now() >= reconnect_.due()) {
      connect_again();
    }
  }

  void wait(std::span<pollfd> others) {
    if (!connected_) {
      static_cast<void>(Loop().wait(others, std::min(next_due(), reconnect_.due())));
      return;
    }
    try {
      server_.run_once(others, next_due());
    } catch (const Error& error) {
      lose(error);
    }
  }

  void note_blocked(std::string_view reason) {
    session_.output.warn(reason.empty()
                             ? "the broker takes messages again"
                             : fmt::format("the broker takes no messages now: {}", reason));
    blocked_ = reason;
  }

  /// Who was waiting for an answer is given one by whoever takes the request next; a program that
  /// made one must not run beside that.
  void lose(const Error& error) {
    connected_ = false;
    blocked_.clear();
    waiting_.clear();
    programs_.stop();
    if (stopping_ && !interrupted_ && !ending_ && !all_taken()) {
      // There were enough requests, but some come again.
      stopping_ = false;
    }
    if (options_.no_reconnect || stopping_ || !Reconnect::may_help(error)) {
      ending_ = error.failure();
      return;
    }
    const std::chrono::duration<double> pause = reconnect_.after_loss();
    session_.output.warn(fmt::format("{}; connecting again in {} s", error.what(), pause.count()));
  }

  void connect_again() {
    server_.set_interrupt_fd(session_.interrupt_fd);
    try {
      server_.start(Clock::now() + settings_.timeout);
      connected_ = true;
      reconnect_.succeeded();
      session_.output.warn("connected again");
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) {
        interrupted_ = true;
      } else {
        lose(error);
      }
    }
    server_.set_interrupt_fd(-1);
  }

  void stop() {
    stopping_ = true;
    give_up_ = Clock::now() + stop_grace;
    if (!connected_ || !blocked_.empty()) {
      return;
    }
    try {
      server_.stop(Clock::now() + settings_.timeout);
    } catch (const Error& error) {
      lose(error);
    }
  }

  /// A broker that takes nothing is not waited for: whatever it was not told, the end of the
  /// connection tells it.
  void say_goodbye() {
    std::string why_queue_stays;
    if (!connected_) {
      why_queue_stays = "there is no connection to the broker";
    } else if (!blocked_.empty()) {
      why_queue_stays = fmt::format("the broker takes no messages: {}", blocked_);
    } else if (!server_.close(Clock::now() + settings_.timeout)) {
      why_queue_stays = "requests wait in it, or another instance runs";
    }
    if (!why_queue_stays.empty()) {
      session_.output.warn(
          fmt::format("the queue of '{}' stays: {}", printable(options_.service), why_queue_stays));
    }
  }

  /// Without its log it must not go on, but ends as it does at a signal.
  void write_log() {
    if (log_ended_) {
      return;
    }
    try {
      log_.flush();
    } catch (const Error& error) {
      ending_ = error.failure();
      log_ended_ = true;
    }
  }

  /// What is left of the log, as far as its reader takes it in time.
  void flush_log() {
    write_log();
    while (!log_ended_ && log_.pending() > 0 && Clock::now() < give_up_) {
      std::vector fds = {log_.writable()};
      static_cast<void>(Loop().wait(fds, give_up_));
      write_log();
    }
  }

  /// "answered 998 requests, 2 of them with an exception; dropped 1 message".
  [[nodiscard]] std::string summary() const {
    std::string text =
        fmt::format("answered {} request{}", grouped(answered_), answered_ == 1 ? "" : "s");
    if (errors_ > 0) {
      text += fmt::format(", {} of them with an exception", grouped(errors_));
    }
    if (dropped_ > 0) {
      text += fmt::format("; dropped {} message{}", grouped(dropped_), dropped_ == 1 ? "" : "s");
    }
    return text;
  }

  struct Waiting {
    Request request = {};
    Choice choice = {};
  };

  const ServeOptions& options_;
  Session& session_;
  Settings settings_;
  Loop loop_;
  FileInput input_;
  Stubs stubs_;
  std::uint64_t requests_max_ = 0;
  Programs programs_;
  Server server_;
  LineOutput log_ = {};
  /// By the time they are due. The prefetch bounds them.
  std::multimap<Clock::time_point, Waiting> waiting_ = {};
  bool log_ended_ = false;  ///< nobody reads it any more
  bool connected_ = false;
  std::string blocked_ = {};  ///< why the broker takes no messages
  Reconnect reconnect_ = {};
  std::uint64_t answered_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t dropped_ = 0;
  bool interrupted_ = false;
  bool stopping_ = false;
  Clock::time_point give_up_ = {};
  std::optional<Failure> ending_ = std::nullopt;
};

}  // namespace

int serve(const ServeOptions& options, Session& session) {
  return Serving(options, session).run();
}

}  // namespace miko::cli
