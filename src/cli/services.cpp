// miko services [NAME...]
// What services there are, how many instances each has and how many requests wait.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/loop.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/screen.h"
#include "cli/services_report.h"
#include "nameko/inspector.h"
#include "nameko/management.h"

namespace miko::cli {
namespace {

struct ServicesOptions {
  std::vector<std::string> names = {};
  bool details = false;
  bool watch = false;
  bool api = false;  ///< --management is typed
};

/// The API's statistics change every five seconds, declarations tell the moment.
constexpr std::chrono::seconds refresh{2};

/// Where the rows come from: the broker itself for names, else its management API.
class Source {
 public:
  Source(const ServicesOptions& options, const Settings& settings)
      : options_(options), settings_(settings) {
    if (uses_api()) {
      management_ = std::make_unique<Management>(settings.connection, settings.management);
    } else {
      inspector_.emplace(settings.connection);
    }
  }

  [[nodiscard]] std::vector<ServiceRow> rows(Clock::time_point until) {
    if (management_) {
      return rows_of(management_->overview(until), options_.names);
    }
    if (!inspector_) {
      inspector_.emplace(settings_.connection);
    }
    std::vector<ServiceRow> rows;
    try {
      for (const std::string& name : options_.names) {
        rows.push_back({.service = name, .state = inspector_->inspect(name, until)});
      }
    } catch (const Error&) {
      inspector_.reset();
      throw;
    }
    return rows;
  }

  /// Until the next refresh.
  void rest(Clock::time_point until) {
    if (inspector_) {
      try {
        inspector_->rest(until);
        return;
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) {
          throw;
        }
        inspector_.reset();
      }
    }
    static_cast<void>(Loop(settings_.connection.interrupt_fd).wait(std::span<pollfd>(), until));
  }

  void close() {
    if (inspector_) {
      inspector_->close();
    }
  }

  [[nodiscard]] bool uses_api() const {
    return options_.names.empty() || options_.details || options_.api;
  }

 private:
  const ServicesOptions& options_;
  const Settings& settings_;
  std::unique_ptr<Management> management_ = {};
  std::optional<Inspector> inspector_ = std::nullopt;
};

std::string table_of(const std::vector<ServiceRow>& rows, const ServicesOptions& options,
                     bool colour) {
  return rows.empty() ? "no services on this vhost and exchange\n"
                      : services_table(rows, !options.names.empty() || options.details, colour);
}

void print_rows(const std::vector<ServiceRow>& rows, const ServicesOptions& options,
                const Output& output) {
  if (output.format() == OutputFormat::pretty) {
    output.print_text(table_of(rows, options, output.stdout_colour()));
  } else {
    output.print_json(services_json(rows));
  }
}

/// Prints again and again: in place on a terminal, else a line of JSON each time. What fails later
/// than the first time is told, and tried again.
int watch(Source& source, const ServicesOptions& options, const Settings& settings,
          const Session& session) {
  const Output& output = session.output;
  const bool in_place = output.format() == OutputFormat::pretty && output.prints_on_terminal();
  bool first = true;
  std::string shown;
  try {
    while (true) {
      const Clock::time_point now = Clock::now();
      std::string trouble;
      try {
        const std::vector<ServiceRow> rows = source.rows(now + settings.timeout);
        if (in_place) {
          shown = table_of(rows, options, output.stdout_colour());
        } else {
          print_rows(rows, options, output);
        }
      } catch (const Error& error) {
        if (first || error.kind() == ErrorKind::interrupted ||
            error.kind() == ErrorKind::output_failed) {
          throw;
        }
        trouble = error.what();
      }
      if (in_place) {
        const ScreenSize size = screen_size();
        const std::string below = trouble.empty() ? "" : fmt::format("\nmiko: {}\n", trouble);
        output.print_text(screen_text(shown + below, size.columns, size.rows, first));
      } else if (!trouble.empty()) {
        output.warn(trouble);
      }
      first = false;
      source.rest(now + refresh);
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::interrupted) {
      throw;
    }
    // Ctrl-C is how watching ends.
    return exit_code(ErrorKind::interrupted);
  }
}

/// 4 if a service that was named is not there.
int verdict(const std::vector<ServiceRow>& rows, const Output& output) {
  std::string missing;
  for (const ServiceRow& row : rows) {
    if (!row.state.deployed) {
      missing += (missing.empty() ? "" : ", ") + printable(shortened(row.service, 60));
    }
  }
  return missing.empty() ? 0
                         : output.print_failure(
                               {.kind = ErrorKind::unknown_service,
                                .message = fmt::format("never deployed here: {}", missing),
                                .hint = "is it on this broker and vhost? names are case sensitive"},
                               {}, nullptr);
}

int run(ServicesOptions options, Session& session) {
  options.api = session.typed.management.has_value();
  try {
    const Settings settings = session.settings();
    Source source(options, settings);
    if (options.watch) {
      return watch(source, options, settings, session);
    }
    const std::vector<ServiceRow> rows = source.rows(session.started + settings.timeout);
    source.close();
    print_rows(rows, options, session.output);
    return verdict(rows, session.output);
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), {}, nullptr);
  }
}

}  // namespace

void declare_services(CLI::App& command, Session& session) {
  auto options = std::make_shared<ServicesOptions>();
  command
      .add_option("names", options->names,
                  "Services, which takes no rights; none: all that the management API knows")
      ->option_text("[NAME...]");
  command.add_flag("--details", options->details,
                   "Instances and events as well, from the management API");
  command.add_flag("--watch", options->watch, "Refresh in place until interrupted");
  command.footer(
      "Examples:\n"
      "  miko services orders payments\n"
      "  miko services --watch\n"
      "  miko services orders --details -o json");
  command.callback(
      [options, &session] { session.run = [options](Session& s) { return run(*options, s); }; });
}

}  // namespace miko::cli
