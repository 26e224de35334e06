#include "cli/output.h"

#include <fmt/compile.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/loop.h"
#include "base/signals.h"
#include "base/text.h"
#include "cli/exit_code.h"
#include "cli/standard_output.h"

namespace miko::cli {
namespace {

/// Writes to stdout, whole or not at all as far as the exit status says.
class Writer {
 public:
  /// Stops as soon as `interrupt_fd` is readable; -1 for never.
  explicit Writer(int interrupt_fd) : interrupt_fd_(interrupt_fd) {}

  void operator()(std::string_view text) const {
    while (!text.empty()) {
      await_room();
      text.remove_prefix(output_.write(text));
    }
  }

 private:
  void await_room() const {
    std::array fds = {output_.writable(),
                      pollfd{.fd = interrupt_fd_, .events = POLLIN, .revents = 0}};
    static_cast<void>(Loop().wait(fds, Clock::time_point::max()));
    if (fds[1].revents != 0) {
      throw Error({.kind = ErrorKind::interrupted,
                   .message = "interrupted while writing the result",
                   .executed = Executed::yes});
    }
  }

  int interrupt_fd_;
  StandardOutput output_{{.kind = ErrorKind::output_failed,
                          .message = "cannot write the result",
                          .executed = Executed::yes}};
};

/// Writes what `print` gives to its sink, and a newline. A short line leaves in one write, so that
/// the lines of processes which share a pipe do not mix.
template <class Print>
void write_line(int interrupt_fd, const Print& print) {
  constexpr std::size_t pending_max = 64UL * 1024;
  const Writer write(interrupt_fd);
  std::string pending;
  const JsonSink sink = [&write, &pending](std::string_view piece) {
    if (pending.size() + piece.size() > pending_max) {
      write(pending);
      pending.clear();
    }
    if (piece.size() >= pending_max) {
      write(piece);
    } else {
      pending += piece;
    }
  };
  print(sink);
  sink("\n");
  write(pending);
}

/// stderr may be closed or full; the exit status says enough then. Whoever ends because nobody
/// reads on has nothing to say, as if SIGPIPE had killed it in the middle of its write.
void write_stderr(std::string_view text) {
  while (!text.empty() && SignalPipe::received() != SIGPIPE) {
    const ssize_t count = ::write(STDERR_FILENO, text.data(), text.size());
    if (count <= 0) {
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

JsonLayout indented(bool colour) {
  return colour ? JsonLayout::indented_colour : JsonLayout::indented;
}

}  // namespace

int Output::print(const Reply& reply, const CallName& call) const {
  if (options_.format == OutputFormat::envelope) {
    JsonWriter json;
    // A signal that came before does not stop what is printed about it.
    const bool stopped = !reply.ok() && reply.failure->kind == ErrorKind::interrupted;
    write_line(stopped ? -1 : interrupt_fd_,
               [&](const JsonSink& sink) { write_envelope(json, reply, call, sink); });
    return reply.ok() ? 0 : exit_code(reply.failure->kind);
  }
  if (!reply.ok()) {
    return print_failure(*reply.failure, call, reply.remote ? &*reply.remote : nullptr);
  }
  print_result(reply.result);
  return 0;
}

void Output::print_result(std::string_view result) const {
  if (options_.format == OutputFormat::none) {
    return;
  }
  if (options_.format == OutputFormat::raw && json_type(result) == JsonType::string) {
    print_raw_string(result);
    return;
  }
  print_json(result);
}

void Output::print_json(std::string_view json) const {
  if (options_.format == OutputFormat::none) {
    return;
  }
  const bool pretty = options_.format == OutputFormat::pretty;
  const JsonLayout layout = pretty ? indented(options_.stdout_colour) : JsonLayout::compact;
  write_line(interrupt_fd_, [&](const JsonSink& sink) { json_print(json, layout, sink); });
}

void Output::print_raw_string(std::string_view token) const {
  if (!options_.stdout_is_terminal) {
    write_line(interrupt_fd_, [token](const JsonSink& sink) { json_decode_string(token, sink); });
    return;
  }
  const std::string text = json_decode_string(token) + '\n';
  const Writer write(interrupt_fd_);
  // Line by line: a newline is what the string says, other controls are not for a terminal.
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    write(printable(line) + '\n');
    rest.remove_prefix(line.size() + 1);
  }
}

void Output::print_text(std::string_view text) const {
  Writer write(interrupt_fd_);
  write(text);
}

void Output::print_error_text(std::string_view text) {
  write_stderr(text);
}

int Output::print_failure(const Failure& failure, const CallName& call,
                          const RemoteError* remote) const {
  JsonWriter json;
  json.begin_object();
  json.key("error").raw(error_json(failure, call, remote));
  json.end_object();
  if (options_.stderr_is_terminal) {
    std::string text = json_format(json.str(), indented(options_.stderr_colour)) + '\n';
    if (failure.source.line > 0) {
      text += fmt::format("\n  {}\n  {}\n", failure.source.text, failure.source.caret);
    }
    write_stderr(text);
  } else {
    write_stderr(json.str() + '\n');
  }
  return exit_code(failure.kind);
}

void Output::trace(std::string_view step, std::string_view detail) const {
  if (options_.verbose) {
    const std::chrono::duration<double, std::milli> since = Clock::now() - started_;
    write_stderr(fmt::format("{:9.2f} ms  {:<8} {}\n", since.count(), step, printable(detail)));
  }
}

void Output::warn(std::string_view text) const {
  if (!options_.quiet) {
    write_stderr(fmt::format("miko: {}\n", printable(text)));
  }
}

std::string error_json(const Failure& failure, const CallName& call, const RemoteError* remote) {
  JsonWriter json;
  json.begin_object();
  json.key("code").text(error_code(failure.kind));
  json.key("message").text(failure.message);
  json.key("executed").text(executed_word(failure.executed));
  json.key("service").text_or_null(call.service);
  json.key("method").text_or_null(call.method);
  if (remote != nullptr) {
    json.key("remote").raw(json_format(remote->json, JsonLayout::compact));
  } else {
    json.key("remote").null();
  }
  json.key("hint").text_or_null(failure.hint);
  if (failure.source.line > 0) {
    json.key("at").begin_object();
    json.key("line").integer(static_cast<long long>(failure.source.line));
    json.key("column").integer(static_cast<long long>(failure.source.column));
    json.key("text").text(failure.source.text);
    json.key("caret").text(failure.source.caret);
    json.end_object();
  }
  json.end_object();
  return json.str();
}

void write_envelope(JsonWriter& json, const Reply& reply, const CallName& call,
                    const JsonSink& sink) {
  const auto elapsed = std::chrono::round<std::chrono::microseconds>(reply.elapsed).count();
  json.begin_object();
  json.key("ok").boolean(reply.ok());
  json.key("service").text(call.service);
  json.key("method").text(call.method);
  if (reply.result.empty()) {
    json.key("result").null();
  } else {
    json.key("result").raw("");
    json.take(sink);
    json_print(reply.result, JsonLayout::compact, sink);
  }
  if (reply.ok()) {
    json.key("error").null();
  } else {
    json.key("error").raw(
        error_json(*reply.failure, call, reply.remote ? &*reply.remote : nullptr));
  }
  json.key("elapsed_ms").raw(fmt::format(FMT_COMPILE("{}.{:03}"), elapsed / 1000, elapsed % 1000));
  json.key("correlation_id").text_or_null(reply.correlation_id);
  json.end_object();
  json.take(sink);
}

std::string envelope_json(const Reply& reply, const CallName& call) {
  std::string out;
  JsonWriter json;
  write_envelope(json, reply, call, [&out](std::string_view piece) { out += piece; });
  return out;
}

}  // namespace miko::cli
