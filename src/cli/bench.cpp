// miko bench SERVICE METHOD [ITEM...]
// Puts load on a method and says how it behaves.

#include <fcntl.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/json_stream.h"
#include "base/text.h"
#include "cli/argument_options.h"
#include "cli/batch_call.h"
#include "cli/bench_report.h"
#include "cli/command.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "cli/threshold.h"
#include "miko.h"

namespace miko::cli {
namespace {

constexpr std::uint64_t calls_max = 1'000'000'000;
constexpr double rate_min = 0.001;
constexpr double rate_max = 1'000'000;
constexpr std::chrono::seconds default_duration{10};
/// Nameko runs so many workers of a service at a time unless it is told otherwise.
constexpr std::uint64_t default_in_flight = 10;

struct BenchOptions {
  std::vector<std::string> words = {};
  ArgumentWords arguments = {};
  std::optional<std::string> calls = std::nullopt;
  std::optional<std::string> duration = std::nullopt;
  std::optional<std::string> in_flight = std::nullopt;
  std::optional<std::string> rate = std::nullopt;
  std::optional<std::string> warmup = std::nullopt;
  std::optional<std::string> arguments_file = std::nullopt;
  std::optional<std::string> hgrm = std::nullopt;
  std::vector<std::string> fail_if = {};
  bool no_progress = false;
};

/// "200", "200/s", "0.5/s", "2k/s" or "1M/s".
double parse_rate(std::string_view text) {
  if (text.ends_with("/s")) {
    text.remove_suffix(2);
  }
  const double factor = text.ends_with('k') ? 1e3 : text.ends_with('M') ? 1e6 : 1;
  if (factor > 1) {
    text.remove_suffix(1);
  }
  double rate = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), rate, std::chars_format::fixed);
  rate *= factor;
  const bool in_range = rate >= rate_min && rate <= rate_max;
  if (error != std::errc() || stop != text.data() + text.size() || !in_range) {
    throw usage_error(fmt::format("--rate is not a number of calls a second from {} to {:.0f}",
                                  rate_min, rate_max),
                      "write it like 200 or 200/s");
  }
  return rate;
}

/// The arguments of each value of a file.
std::vector<Arguments> read_arguments(const std::string& file, const Arguments& common,
                                      FileInput& files) {
  JsonStream stream;
  stream.append(files.read(file));
  stream.finish();
  std::vector<Arguments> all;
  while (const std::optional<JsonStream::Value> value = stream.next()) {
    BatchCall call = {.arguments = common};
    read_batch_arguments(value->text, value->line, call);
    all.push_back(std::move(call.arguments));
  }
  if (all.empty()) {
    throw usage_error(fmt::format("'{}' has no values", shown_word(file, 200)));
  }
  return all;
}

LoadPlan make_plan(BenchOptions& options, FileInput& files) {
  LoadPlan plan = {.target = take_target(options.words)};
  options.arguments.items = std::move(options.words);
  const Arguments typed = parse_arguments(options.arguments, files);
  const bool has_typed =
      !options.arguments.items.empty() || options.arguments.args || options.arguments.kwargs;
  if (options.arguments_file && has_typed) {
    throw usage_error("arguments are given in words and in --args-file");
  }
  plan.arguments = options.arguments_file ? read_arguments(*options.arguments_file, typed, files)
                                          : std::vector{typed};
  if (options.calls) {
    plan.calls = parse_count("--calls", *options.calls, 1, calls_max);
  }
  if (options.duration) {
    plan.duration = parse_duration("--duration", *options.duration);
  } else if (!plan.calls) {
    plan.duration = default_duration;
  }
  if (options.rate) {
    plan.rate = parse_rate(*options.rate);
  }
  plan.in_flight = options.in_flight ? parse_count("-j", *options.in_flight, 1, in_flight_max)
                   : plan.rate       ? in_flight_max
                                     : default_in_flight;
  if (options.warmup) {
    plan.warmup = parse_duration("--warmup", *options.warmup);
  }
  return plan;
}

/// A file for what the run will have measured, opened before it so that no run is in vain.
class ReportFile {
 public:
  /// Throws Error{usage}.
  explicit ReportFile(const std::string& name)
      : shown_(fmt::format("'{}'", shown_word(name, 200))),
        file_(::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
    if (!file_) {
      throw usage_error(fmt::format("cannot write {}: {}", shown_, std::strerror(errno)));
    }
  }

  /// Throws Error{output_failed}.
  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::write(file_.get(), text.data(), text.size());
      if (count < 0 && errno != EINTR) {
        throw Error({.kind = ErrorKind::output_failed,
                     .message = fmt::format("cannot write {}: {}", shown_, std::strerror(errno)),
                     .executed = Executed::maybe});
      }
      text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
  }

 private:
  std::string shown_;
  UniqueFd file_;
};

/// As the C library finds out what the terminal reads.
bool locale_is_utf8(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string value = environment(name).value_or("");
    if (!value.empty()) {
      return value.find("UTF-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
  }
  return false;
}

void print_report(const LoadPlan& plan, const LoadResult& result,
                  const std::vector<Threshold>& thresholds, const Session& session) {
  // Whoever stops a run wants to see what it measured.
  const Output output = result.interrupted ? session.output.without_interrupt() : session.output;
  switch (output.format()) {
    case OutputFormat::csv:
      output.print_text(report_csv(plan, result) + '\n');
      return;
    case OutputFormat::pretty:
      output.print_text(report_text(
          plan, result, thresholds,
          {.colour = output.stdout_colour(), .unicode = locale_is_utf8(session.environment)}));
      return;
    case OutputFormat::json:
    case OutputFormat::raw:
    case OutputFormat::envelope:
    case OutputFormat::tap:
    case OutputFormat::none:
      output.print_json(report_json(plan, result, thresholds));
  }
}

/// The exit status, and on stderr what led to it.
int verdict(const LoadResult& result, const std::vector<Threshold>& thresholds,
            const CallName& name, const Output& output) {
  const auto fail = [&](ErrorKind kind, std::string message) {
    return output.print_failure(
        {.kind = kind, .message = std::move(message), .executed = result.executed}, name, nullptr);
  };
  if (result.lost) {
    return output.print_failure(*result.lost, name, nullptr);
  }
  if (result.interrupted) {
    return fail(ErrorKind::interrupted,
                fmt::format("interrupted after {} calls", grouped(result.calls)));
  }
  std::string crossed;
  for (const Threshold& threshold : thresholds) {
    if (threshold.crossed(result)) {
      crossed += fmt::format("{}{} ({})", crossed.empty() ? "" : "; ", threshold.finding(result),
                             threshold.text());
    }
  }
  if (!crossed.empty()) {
    return fail(ErrorKind::expectation_failed, std::move(crossed));
  }
  if (result.calls > 0 && result.failed() == result.calls) {
    return fail(result.errors.begin()->first, "every call failed");
  }
  return 0;
}

int run(BenchOptions options, Session& session) {
  CallName name;
  try {
    Settings settings = session.settings();
    const Clock::time_point deadline = session.started + settings.timeout;
    const Loop loop(session.interrupt_fd);
    FileInput files(loop, deadline);
    LoadPlan plan = make_plan(options, files);
    name = {.service = plan.target.service, .method = plan.target.method};
    const std::vector<Threshold> thresholds(options.fail_if.begin(), options.fail_if.end());
    std::optional<ReportFile> hgrm;
    if (options.hgrm) {
      hgrm.emplace(*options.hgrm);
    }

    settings.connection.confirms = false;
    settings.connection.in_flight_max = static_cast<int>(plan.in_flight);
    Client rpc = connect(settings.connection);
    rpc.log_in(deadline);
    rpc.set_interrupt_fd(-1);
    Progress progress(!options.no_progress && session.output.may_show_progress(), Clock::now());
    const LoadResult result = run_load(plan, rpc, session.interrupt_fd, progress);
    progress.clear();
    result.interrupted ? rpc.close(interrupted_goodbye) : rpc.close();

    print_report(plan, result, thresholds, session);
    if (hgrm) {
      hgrm->write(result.latency.percentile_distribution());
    }
    return verdict(result, thresholds, name, session.output);
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), name, nullptr);
  }
}

void add_load_options(CLI::App& command, BenchOptions& options) {
  const auto text = [&command](const char* option, std::optional<std::string>& value,
                               const char* what, const char* help) {
    command.add_option(option, value, help)->option_text(what);
  };
  text("-n,--calls", options.calls, "N", "How many calls to measure; 10k is 10,000");
  text("-z,--duration", options.duration, "DURATION",
       "How long to measure [10s unless -n is given]");
  text("-j,--in-flight", options.in_flight, "N",
       "Calls in flight at a time, 1 to 1000 [10; with --rate 1000]");
  text("-r,--rate", options.rate, "RATE",
       "Calls a second at fixed times; latency counts from the time a call was due");
  text("--warmup", options.warmup, "DURATION", "Load for so long before measuring");
  text("--args-file", options.arguments_file, "FILE",
       "JSON values, arrays or objects: the arguments of one call each, used in turn");
  text("--hgrm", options.hgrm, "FILE", "Write the percentile distribution as HdrHistogram does");
  command
      .add_option("--fail-if", options.fail_if,
                  "Exit with 3 if it is so: 'p99>200ms', 'mean>50ms', 'errors>1%', 'rate<500/s'")
      ->option_text("CONDITION")
      ->expected(1)
      ->take_all();
  command.add_flag("--no-progress", options.no_progress, "Show no progress on the terminal");
}

}  // namespace

void declare_bench(CLI::App& command, Session& session) {
  auto options = std::make_shared<BenchOptions>();
  add_argument_options(command, options->words, options->arguments);
  add_load_options(command, *options);
  command.footer(
      "Examples:\n"
      "  miko bench greeting hello name=Ann\n"
      "  miko bench orders.get --args '[\"A-1\"]' -n 10k -j 50 -o json\n"
      "  miko bench orders.get --args '[\"A-1\"]' -r 200 -z 1m --fail-if 'p99>200ms'");
  command.callback([options, &session] {
    session.run = [options](Session& s) { return run(std::move(*options), s); };
  });
}

}  // namespace miko::cli
