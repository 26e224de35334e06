#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "nameko/reply.h"

namespace miko::cli {

enum class OutputFormat { json, pretty, raw, envelope, none, csv, tap };

inline constexpr std::array<std::pair<std::string_view, OutputFormat>, 7> output_formats = {{
    {"json", OutputFormat::json},
    {"pretty", OutputFormat::pretty},
    {"raw", OutputFormat::raw},
    {"envelope", OutputFormat::envelope},
    {"none", OutputFormat::none},
    {"csv", OutputFormat::csv},
    {"tap", OutputFormat::tap},
}};

struct OutputOptions {
  OutputFormat format = OutputFormat::json;
  bool stdout_is_terminal = false;
  bool stderr_is_terminal = false;
  bool stdout_colour = false;
  bool stderr_colour = false;
  bool quiet = false;
  bool verbose = false;
};

/// Which call an output speaks of; empty when it speaks of none.
struct CallName {
  std::string service = {};
  std::string method = {};
};

/// stdout is data, stderr is everything else. Nothing a service or broker said reaches either as
/// control characters, except the bytes of a string that -o raw writes where no terminal reads.
class Output {
 public:
  /// What is printed on stdout ends when `interrupt_fd` becomes readable; -1 for never.
  Output(OutputOptions options, Clock::time_point started, int interrupt_fd = -1)
      : options_(options), started_(started), interrupt_fd_(interrupt_fd) {}

  /// The same for who was interrupted already and prints what there is.
  [[nodiscard]] Output without_interrupt() const { return {options_, started_}; }

  /// Prints what became of a call and returns the exit status.
  /// Throws Error{output_failed} if the result could not be written whole, Error{interrupted} if a
  /// signal came before that.
  [[nodiscard]] int print(const Reply& reply, const CallName& call) const;

  /// Prints JSON of miko's own, such as a dry run, in the chosen format.
  void print_json(std::string_view json) const;

  /// Prints text as it is, for --help and the like.
  void print_text(std::string_view text) const;
  static void print_error_text(std::string_view text);

  /// Prints a failure as {"error": {...}} on stderr and returns the exit status.
  int print_failure(const Failure& failure, const CallName& call, const RemoteError* remote) const;

  /// One step of a call and the time since the start of the program, with -v.
  void trace(std::string_view step, std::string_view detail) const;

  /// A line of talk that -q silences.
  void warn(std::string_view text) const;

  [[nodiscard]] OutputFormat format() const { return options_.format; }

  [[nodiscard]] bool stdout_colour() const { return options_.stdout_colour; }

  /// Whether a line of progress on stderr reaches eyes.
  [[nodiscard]] bool may_show_progress() const {
    return options_.stderr_is_terminal && !options_.quiet && !options_.verbose;
  }

  /// Whether what is printed on stdout comes to the terminal.
  [[nodiscard]] bool prints_on_terminal() const {
    return options_.stdout_is_terminal && options_.format != OutputFormat::none;
  }

 private:
  void print_result(std::string_view result) const;
  void print_raw_string(std::string_view token) const;

  OutputOptions options_;
  Clock::time_point started_;
  int interrupt_fd_;
};

/// {"code", "message", "executed", "service", "method", "remote", "hint"} and, for a mistake in a
/// text, "at": {"line", "column", "text", "caret"}.
[[nodiscard]] std::string error_json(const Failure& failure, const CallName& call,
                                     const RemoteError* remote);

/// Writes {"ok", "service", "method", "result", "error", "elapsed_ms", "correlation_id"}. `json` is
/// a writer with nothing in it, to be used for one envelope after the other.
void write_envelope(JsonWriter& json, const Reply& reply, const CallName& call,
                    const JsonSink& sink);

/// The same into a string.
[[nodiscard]] std::string envelope_json(const Reply& reply, const CallName& call);

}  // namespace miko::cli
