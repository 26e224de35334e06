#include "cli/programs.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace miko::cli {
namespace {

/// RabbitMQ carries no larger message.
constexpr std::size_t output_max = 128UL * 1024 * 1024;
/// Of standard error the end says what went wrong.
constexpr std::size_t errors_max = 8UL * 1024;

constexpr const char* failed = "miko.ProgramFailed";
constexpr const char* timed_out = "miko.ProgramTimedOut";
constexpr const char* stopped = "miko.ProgramStopped";
constexpr const char* no_answer = "miko.ProgramOutputInvalid";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

}  // namespace

void Programs::start(const Request& request, const Program& program) {
  if (!guard_) {
    guard_.emplace();
  }
  try {
    running_.push_back(
        {.request_id = request.id,
         .method = request.method,
         .deadline = Clock::now() + timeout_,
         .process = std::make_unique<Subprocess>(
             SubprocessOptions{
                 .argv = {"/bin/sh", "-c", program.command},
                 .environment = {"MIKO_SERVICE=" + request.service, "MIKO_METHOD=" + request.method,
                                 "MIKO_HEADERS=" + request.headers},
                 .input = fmt::format("{{\"args\": {}, \"kwargs\": {}}}\n", request.args,
                                      request.kwargs),
                 .output_max = output_max,
                 .errors_max = errors_max},
             *guard_)});
  } catch (const Error& error) {
    done_({.request_id = request.id,
           .method = request.method,
           .response = raised(failed, error.what()),
           .errors = error.what()});
  }
}

void Programs::append_watched(std::vector<pollfd>& fds) const {
  for (const Running& one : running_) {
    const auto watched = one.process->watched();
    fds.insert(fds.end(), watched.begin(), watched.end());
  }
}

void Programs::turn(std::span<const pollfd> ready, Clock::time_point now) {
  // Those that were started after the wait stand behind the others.
  for (auto one = running_.begin(); one != running_.end() && !ready.empty();) {
    const auto own = ready.first(Subprocess::watched_count);
    ready = ready.subspan(Subprocess::watched_count);
    if (!one->process->turn(own)) {
      if (now >= one->deadline && one->killed_because.empty()) {
        one->killed_because = timed_out;
        one->process->kill();
      }
      ++one;
      continue;
    }
    ProgramAnswer answer = {.request_id = one->request_id,
                            .method = one->method,
                            .response = response_of(*one),
                            .errors = one->process->errors()};
    one = running_.erase(one);
    done_(std::move(answer));
  }
}

void Programs::stop() {
  for (Running& one : running_) {
    if (one.killed_because.empty()) {
      one.killed_because = stopped;
      one.process->kill();
    }
  }
}

Response Programs::response_of(const Running& one) const {
  const Subprocess& process = *one.process;
  if (one.killed_because == timed_out) {
    const std::chrono::duration<double> seconds = timeout_;
    return raised(timed_out, fmt::format("the program took longer than {} s", seconds.count()));
  }
  if (one.killed_because == stopped) {
    return raised(stopped, "the service was stopped before the program had ended");
  }
  if (process.output_too_large()) {
    return raised(no_answer, fmt::format("the program printed more than {} bytes", output_max));
  }
  if (process.exit_status() != 0) {
    const std::string_view errors = trimmed(process.errors());
    if (!errors.empty()) {
      return raised(failed, errors);
    }
    return raised(failed,
                  process.signal() != 0
                      ? fmt::format("signal {} ended the program", process.signal())
                      : fmt::format("the program ended with status {}", process.exit_status()));
  }
  const std::string_view output = trimmed(process.output());
  if (const std::optional<JsonFault> fault = find_json_fault(output, JsonDialect::python)) {
    return raised(no_answer,
                  output.empty()
                      ? std::string("the program printed nothing")
                      : fmt::format("the program did not print one JSON value: {} at "
                                    "byte {}: '{}'",
                                    fault->what, fault->offset, printable(shortened(output, 60))));
  }
  return {.result = std::string(output)};
}

Clock::time_point Programs::next_deadline() const {
  Clock::time_point next = Clock::time_point::max();
  for (const Running& one : running_) {
    if (one.killed_because.empty()) {
      next = std::min(next, one.deadline);
    }
  }
  return next;
}

}  // namespace miko::cli
