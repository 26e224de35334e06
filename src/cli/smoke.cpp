// miko smoke FILE...
// Runs suites of calls with expectations, and reports.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "base/signals.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/line_output.h"
#include "cli/new_file.h"
#include "cli/smoke_record.h"
#include "cli/suggest.h"
#include "cli/suite_reader.h"
#include "cli/suite_report.h"
#include "cli/suite_run.h"

namespace miko::cli {
namespace {

struct SmokeOptions {
  std::vector<std::string> files = {};
  std::vector<std::string> variables = {};
  std::vector<std::string> filters = {};
  std::string width = "1";
  bool fail_fast = false;
  std::optional<std::string> retry = std::nullopt;
  std::string limit = "10m";
  std::optional<std::string> junit = std::nullopt;
  std::optional<std::string> tap = std::nullopt;
  std::optional<std::string> record = std::nullopt;
  bool replay = false;
};

constexpr std::uint64_t retries_max = 1000;
constexpr std::size_t name_columns_max = 60;

/// A report that is put in its place when all is over. Whether it can be written shows at once.
class ReportFile {
 public:
  explicit ReportFile(const std::optional<std::string>& name) {
    if (name) {
      file_.emplace(*name);
    }
  }

  void write(const std::string& text) const {
    if (file_) {
      file_->write(text);
      file_->publish();
      file_->replace();
    }
  }

 private:
  std::optional<NewFile> file_ = std::nullopt;
};

/// Prints results as they come.
class Printer {
 public:
  explicit Printer(const cli::Output& output) : output_(output) {}

  void begin(std::size_t cases) {
    if (output_.format() == OutputFormat::tap) {
      lines_.append(tap_head(cases));
    }
  }

  void begin_suite(const Suite& suite) {
    suite_ = {.file = suite.file, .name = suite.name};
    name_width_ = 0;
    for (const Phase phase : {Phase::setup, Phase::cases, Phase::teardown}) {
      for (const SuiteCase& one : cases_of(suite, phase)) {
        name_width_ = std::max(name_width_, columns(printable(one.name)));
      }
    }
    name_width_ = std::min(name_width_, name_columns_max);
    if (output_.format() == OutputFormat::pretty) {
      lines_.append(suite.name == suite.file
                        ? printable(suite.file)
                        : fmt::format("{}  {}", printable(suite.name), printable(suite.file)));
    }
  }

  void print(const CaseResult& result) {
    switch (output_.format()) {
      case OutputFormat::pretty:
        lines_.append(case_text(result, name_width_, output_.stdout_colour()));
        return;
      case OutputFormat::tap:
        lines_.append(case_tap(result, suite_, ++number_));
        return;
      case OutputFormat::none:
        return;
      default:
        lines_.append(case_json(result, suite_));
    }
  }

  void end(const std::string& summary) {
    if (output_.format() == OutputFormat::pretty) {
      lines_.append(fmt::format("\n{}", summary));
    } else {
      output_.warn(summary);
    }
  }

  /// Writes what stdout takes. That it takes nothing more must not end a run before its teardown,
  /// so that is told last.
  void flush() {
    try {
      if (!failure_) {
        lines_.flush();
      }
    } catch (const Error& error) {
      failure_ = error.failure();
    }
  }

  /// Waits for the reader of stdout, unless Ctrl-C comes.
  void flush_all(int interrupt_fd) {
    flush();
    while (!failure_ && lines_.pending() > 0) {
      pollfd writable = lines_.writable();
      static_cast<void>(Loop(interrupt_fd).wait({&writable, 1}, Clock::time_point::max()));
      flush();
    }
  }

  [[nodiscard]] std::vector<pollfd> waiting() const {
    return !failure_ && lines_.pending() > 0 ? std::vector<pollfd>{lines_.writable()}
                                             : std::vector<pollfd>();
  }

  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }

 private:
  const cli::Output& output_;
  LineOutput lines_ = {};
  SuiteResult suite_ = {};
  std::size_t name_width_ = 0;
  std::size_t number_ = 0;
  std::optional<Failure> failure_ = std::nullopt;
};

std::vector<Suite> read_suites(const SmokeOptions& options, const Settings& settings,
                               const Session& session) {
  const Clock::time_point until = session.started + settings.timeout;
  const Loop loop(session.interrupt_fd);
  const SuiteSources sources = {.variables = options.variables,
                                .environment = session.environment,
                                .timeout = settings.timeout,
                                .loop = loop,
                                .until = until};
  FileInput input(loop, until);
  std::vector<Suite> suites;
  for (const std::string& file : options.files) {
    suites.push_back(read_suite(file, sources, input));
  }
  return suites;
}

/// How many results there will be. Throws Error{usage} if a filter leaves nothing to run.
std::size_t count_all(const std::vector<Suite>& suites, const RunOptions& options) {
  std::size_t all = 0;
  std::vector<std::string> names;
  bool chosen = false;
  for (const Suite& suite : suites) {
    all += count_results(suite, options.filters);
    const std::vector<bool> some = chosen_cases(suite, options.filters);
    chosen = chosen || std::find(some.begin(), some.end(), true) != some.end();
    for (const SuiteCase& one : suite.cases) {
      names.push_back(one.name);
    }
  }
  if (!chosen) {
    throw usage_error(
        fmt::format("no case is named '{}'", printable(shortened(options.filters.front(), 60))),
        suggestion(options.filters.front(), names));
  }
  return all;
}

RunOptions run_options(const SmokeOptions& options, const Settings& settings,
                       const Session& session) {
  RunOptions run = {.width = parse_count("-j", options.width, 1, in_flight_max),
                    .fail_fast = options.fail_fast,
                    .filters = options.filters,
                    .timeout = settings.timeout,
                    .end = session.started + parse_duration("--limit", options.limit),
                    .interrupt_fd = session.interrupt_fd};
  if (options.retry) {
    run.retry = Retry{.times = parse_count("--retry", *options.retry, 0, retries_max)};
  }
  return run;
}

/// What ended the run, if it did not come to its end.
std::optional<Failure> ending(const RunState& state, const std::string& summary) {
  if (state.interrupted) {
    return Failure{.kind = ErrorKind::interrupted,
                   .message = fmt::format("interrupted; {}", summary),
                   .executed = Executed::maybe};
  }
  if (state.lost) {
    Failure failure = *state.lost;
    failure.message += "; " + summary;
    return failure;
  }
  return std::nullopt;
}

int run(const SmokeOptions& options, Session& session) {
  if (options.record) {
    return record_suite(
        {.suite = *options.record, .inputs = options.files, .replay = options.replay}, session);
  }
  const Settings settings = session.settings();
  const RunOptions how = run_options(options, settings, session);
  const std::vector<Suite> suites = read_suites(options, settings, session);
  const std::size_t all = count_all(suites, how);
  const ReportFile junit(options.junit);
  const ReportFile tap(options.tap);

  Printer printer(session.output);
  SuiteCaller caller(settings.connection);
  RunState state = {.report = [&printer](const CaseResult& result) { printer.print(result); },
                    .others = [&printer] { return printer.waiting(); },
                    .flush = [&printer] { printer.flush(); }};
  printer.begin(all);
  std::vector<SuiteResult> results;
  SuiteCounts counts;
  for (const Suite& suite : suites) {
    printer.begin_suite(suite);
    results.push_back(run_suite(suite, how, caller, state));
    for (const CaseResult& result : results.back().results) {
      counts.add(result);
    }
  }
  const std::string summary = summary_text(counts, Clock::now() - session.started);
  printer.end(summary);
  junit.write(junit_report(results));
  tap.write(tap_report(results));
  printer.flush_all(state.interrupted ? -1 : session.interrupt_fd);
  caller.close();
  if (const std::optional<Failure> failure = ending(state, summary)) {
    return session.output.print_failure(*failure, {}, nullptr);
  }
  if (printer.failure()) {
    return session.output.print_failure(*printer.failure(), {}, nullptr);
  }
  return counts.good() ? 0 : exit_code(ErrorKind::expectation_failed);
}

void declare_run_options(CLI::App& command, SmokeOptions& options) {
  command.add_option("--var", options.variables, "A variable: NAME=TEXT, NAME:=JSON, NAME=@FILE")
      ->option_text("ITEM")
      ->expected(1)
      ->take_all();
  command.add_option("-j,--in-flight", options.width, "Cases at a time, 1 to 1000 [1]")
      ->option_text("N");
  command.add_flag("--fail-fast", options.fail_fast, "Start no more cases after the first failure");
  command
      .add_option("--filter", options.filters,
                  "Only cases of this name, and those whose captures they use; may be repeated")
      ->option_text("GLOB")
      ->expected(1)
      ->take_all();
  command
      .add_option("--retry", options.retry,
                  "Make a case that is not as expected up to N times again")
      ->option_text("N");
  command
      .add_option("--limit", options.limit, "End the run, but for its teardown, after this [10m]")
      ->option_text("DURATION");
  command.add_option("--report-junit", options.junit, "Write a report as JUnit's XML")
      ->option_text("FILE");
  command.add_option("--report-tap", options.tap, "Write a report as TAP")->option_text("FILE");
  CLI::Option* record =
      command
          .add_option("--record", options.record,
                      "Write a suite that passes today into this file instead: the files are what "
                      "miko tap --record wrote, or miko batch reads")
          ->option_text("SUITE");
  command
      .add_flag("--replay", options.replay,
                "With --record, make every call now, and see what differs each time")
      ->needs(record);
}

}  // namespace

void declare_smoke(CLI::App& command, Session& session) {
  auto options = std::make_shared<SmokeOptions>();
  command
      .add_option("files", options->files,
                  "Suites in YAML, see miko-smoke(5); - for standard input")
      ->option_text("FILE...")
      ->required();
  declare_run_options(command, *options);
  command.footer(
      "Examples:\n"
      "  miko smoke orders.yaml --report-junit smoke.xml\n"
      "  miko smoke suites/*.yaml -j 8 --var customer=Ann --fail-fast\n"
      "  prove --exec 'miko smoke -o tap' orders.yaml");
  command.callback(
      [options, &session] { session.run = [options](Session& s) { return run(*options, s); }; });
}

}  // namespace miko::cli
