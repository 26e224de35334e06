// miko serve SERVICE
// Stands in for a service: fixed answers, exceptions and programs instead of the real thing.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/signals.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/line_output.h"
#include "cli/programs.h"
#include "cli/progress.h"
#include "cli/stub_file.h"
#include "cli/stubs.h"
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

struct ServeOptions {
  std::string service = {};
  std::vector<std::string> replies = {};
  std::vector<std::string> raises = {};
  std::vector<std::string> programs = {};
  std::optional<std::string> file = std::nullopt;
  std::optional<std::string> program_timeout = std::nullopt;
  bool echo = false;
  std::optional<std::string> delay = std::nullopt;
  std::optional<std::string> count = std::nullopt;
  std::optional<std::string> in_flight = std::nullopt;
  bool log = false;
  bool force = false;
};

Stubs make_stubs(const ServeOptions& options, FileInput& input) {
  Stubs stubs;
  for (const std::string& text : options.replies) {
    stubs.add_reply(text, input);
  }
  for (const std::string& text : options.raises) {
    stubs.add_raise(text);
  }
  for (const std::string& text : options.programs) {
    stubs.add_program(text);
  }
  if (options.file) {
    read_stub_file(*options.file, options.service, input, stubs);
  }
  if (options.echo) {
    stubs.echo_others();
  }
  if (options.delay) {
    stubs.set_delay(parse_duration("--delay", *options.delay));
  }
  if (stubs.empty()) {
    throw usage_error("there is nothing to answer with",
                      "--reply, --raise, --exec, --file and --echo say what the service answers");
  }
  return stubs;
}

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
    server_.start(session_.started + settings_.timeout);
    // From here on Ctrl-C is an event among others.
    server_.set_interrupt_fd(-1);
    session_.output.warn(
        fmt::format("serving '{}' at {}", printable(options_.service), server_.address()));
    while (!finished()) {
      turn();
      if (!stopping_ && (interrupted_ || all_taken())) {
        stop();
      }
    }
    flush_log();
    if (!server_.close(Clock::now() + settings_.timeout)) {
      session_.output.warn(
          fmt::format("the queue of '{}' stays: requests wait in it, or another instance runs",
                      printable(options_.service)));
    }
    session_.output.warn(summary());
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
            .dropped = [this](std::string_view key, std::string_view why) { drop(key, why); }};
  }

  [[nodiscard]] bool all_taken() const {
    return requests_max_ > 0 && server_.taken() == requests_max_;
  }

  [[nodiscard]] bool finished() const { return stopping_ && server_.unanswered() == 0; }

  [[nodiscard]] bool has_room() const { return log_.pending() < waiting_output_max; }

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
    if (options_.log) {
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
    if (log_.pending() > 0) {
      others.push_back(log_.writable());
    }
    const std::size_t before_programs = others.size();
    programs_.append_watched(others);
    server_.run_once(others, next_due());
    if (!programs_.empty()) {
      // Whoever always has requests to read never looks at the others.
      static_cast<void>(Loop().wait(others, Clock::time_point()));
    }
    programs_.turn(std::span(others).subspan(before_programs), Clock::now());
    log_.flush();
    answer_due(Clock::now());
    // A connection that always has something to say never looks at the others.
    if (may_stop && (others.front().revents != 0 || SignalPipe::received() != 0)) {
      interrupted_ = true;
    }
  }

  void stop() {
    stopping_ = true;
    server_.stop(Clock::now() + settings_.timeout);
    give_up_ = Clock::now() + stop_grace;
  }

  /// What is left of the log, as far as its reader takes it in time.
  void flush_log() {
    log_.flush();
    while (log_.pending() > 0 && Clock::now() < give_up_) {
      std::vector fds = {log_.writable()};
      static_cast<void>(Loop().wait(fds, give_up_));
      log_.flush();
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
  std::uint64_t answered_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t dropped_ = 0;
  bool interrupted_ = false;
  bool stopping_ = false;
  Clock::time_point give_up_ = {};
};

}  // namespace

void declare_serve(CLI::App& command, Session& session) {
  auto options = std::make_shared<ServeOptions>();
  command.add_option("service", options->service, "the service to stand in for")
      ->option_text("SERVICE")
      ->required();
  const auto several = [&command](const char* option, std::vector<std::string>& values,
                                  const char* what, const char* help) {
    command.add_option(option, values, help)->option_text(what)->expected(1)->take_all();
  };
  const auto text = [&command](const char* option, std::optional<std::string>& value,
                               const char* what, const char* help) {
    command.add_option(option, value, help)->option_text(what);
  };
  several("--reply", options->replies, "METHOD=JSON", "What a method returns; @FILE has the JSON");
  several("--raise", options->raises, "METHOD=TYPE:MESSAGE", "The exception that a method raises");
  several("--exec", options->programs, "METHOD=PROGRAM",
          "The program that answers: arguments on standard input, result on standard output");
  text("--exec-timeout", options->program_timeout, "DURATION",
       "Kill a program that takes longer [30s]");
  text("--file", options->file, "FILE", "Methods and their answers by arguments, in YAML");
  command.add_flag("--echo", options->echo,
                   "Every other method returns its only positional argument, or all arguments");
  text("--delay", options->delay, "DURATION", "Wait before each answer");
  text("-n,--count", options->count, "N", "End after N requests; 10k is 10,000");
  text("-j,--in-flight", options->in_flight, "N", "Requests at a time, 1 to 1000 [10]");
  command.add_flag("--log", options->log, "Print a line of JSON for each request");
  command.add_flag("--force", options->force,
                   "Start beside running instances and take a share of their calls");
  command.footer(
      "METHOD may have parameters, and calls that do not fit them are refused as Nameko does:\n"
      "  --reply 'hello(name, greeting=\"Hello\")=\"Hello, Ann!\"'\n\n"
      "Examples:\n"
      "  miko serve greeting --reply 'hello=\"Hello, Ann!\"' --raise 'bye=NotFound:nobody there'\n"
      "  miko serve math --exec 'add(a, b)=jq .kwargs.a+.kwargs.b'\n"
      "  miko serve orders --echo --delay 200ms --log");
  command.callback([options, &session] {
    session.run = [options](Session& s) { return Serving(*options, s).run(); };
  });
}

}  // namespace miko::cli
