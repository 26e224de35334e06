#include "cli/app.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <optional>

#include "base/signals.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/global_options.h"
#include "cli/suggest.h"
#include "cli/version.h"

namespace miko::cli {
namespace {

/// CLI11's help with the words of a command written as they are typed.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(28); }

  std::string make_usage(const CLI::App* app, std::string /*name*/) const override {
    if (app->get_parent() == nullptr) {
      return "Usage: miko [OPTIONS] COMMAND\n";
    }
    std::string words = app->get_name();
    for (const CLI::App* above = app->get_parent(); above->get_parent() != nullptr;
         above = above->get_parent()) {
      words.insert(0, above->get_name() + ' ');
    }
    std::string usage = "Usage: miko " + words + " [OPTIONS]";
    if (!app->get_subcommands([](const CLI::App*) { return true; }).empty()) {
      usage += " COMMAND";
    }
    for (const CLI::Option* option :
         app->get_options([](const CLI::Option* one) { return one->get_positional(); })) {
      usage += ' ' + option->get_option_text();
    }
    return usage + '\n';
  }

  std::string make_footer(const CLI::App* app) const override {
    const std::string own = CLI::Formatter::make_footer(app);
    return app->get_parent() == nullptr
               ? own + '\n'
               : own + "\n\nBroker, TLS, timeout and output options: miko --help\n";
  }
};

/// Options are declared only of commands that occur among the words: declaring those of all of them
/// takes longer than a call.
void add_commands(CLI::App& app, std::span<char*> argv, Session& session) {
  const auto occurs = [argv](std::string_view word) {
    return std::find(argv.begin(), argv.end(), word) != argv.end();
  };
  const bool all = occurs("--help-all");
  for (const Command& command : commands()) {
    CLI::App* const added =
        app.add_subcommand(std::string(command.name), std::string(command.summary));
    if (all || occurs(command.name)) {
      command.declare(*added, session);
    }
  }
}

/// The formats of the chosen command, for -o; empty if it takes any.
std::span<const OutputFormat> formats_of(const CLI::App& chosen) {
  for (const Command& command : commands()) {
    if (chosen.get_name() == command.name) {
      return command.formats;
    }
  }
  return {};
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  return names;
}

/// The command among the words, or the command of a command; null without one.
const CLI::App* first_chosen(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return chosen.empty() ? nullptr : chosen.front();
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

/// Says what is wrong with the words in miko's own terms where it can.
Error parse_failure(const CLI::App& app, const CLI::ParseError& error) {
  std::vector<std::string> names = option_names(app);
  std::vector<std::string> unknown = app.remaining(true);
  const bool has_command = !app.get_subcommands().empty();
  for (const CLI::App* command = first_chosen(app); command != nullptr;
       command = first_chosen(*command)) {
    const std::vector<std::string> own = option_names(*command);
    names.insert(names.end(), own.begin(), own.end());
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string what = error.what();
    return usage_error(fmt::format("option {} has no value, or is given twice",
                                   printable(what.substr(0, what.find(':')))));
  }
  if (unknown.empty() && has_command && first_chosen(app)->get_require_subcommand_min() > 0) {
    return usage_error(fmt::format("{} takes a command of its own", first_chosen(app)->get_name()),
                       fmt::format("there are {}", joined(names_of_commands(*first_chosen(app)))));
  }
  if (unknown.empty()) {
    return usage_error(shown_word(error.what(), 200), "miko --help lists everything");
  }
  const std::string word = unknown.front().substr(0, unknown.front().find('='));
  const std::string shown = shown_word(word, 60);
  if (word.starts_with('-')) {
    const std::string meant = suggestion(word, names);
    if (std::find(names.begin(), names.end(), word) != names.end()) {
      return usage_error(fmt::format("option {} stands before its command", shown),
                         "options of a command stand behind it");
    }
    return usage_error(fmt::format("unknown option {}", shown),
                       meant.empty() ? "miko --help lists the options" : meant);
  }
  if (has_command) {
    return usage_error(fmt::format("unexpected word '{}'", shown),
                       suggestion(word, names_of_commands(*first_chosen(app))));
  }
  const std::string meant = suggestion(word, names_of_commands(app));
  return usage_error(fmt::format("unknown command '{}'", shown),
                     meant.empty() ? "miko --help lists the commands" : meant);
}

void overwrite(char* from, std::size_t size) {
  std::memset(from, 'x', size);
}

/// A password in a broker URI: between the first ':' behind "://" and the last '@'.
void wipe_uri_password(char* text) {
  const std::string_view uri(text);
  const std::size_t scheme_end = uri.find("://");
  const std::size_t start = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::size_t colon = uri.find(':', start);
  const std::size_t at = uri.rfind('@');
  if (colon != std::string_view::npos && at != std::string_view::npos && colon < at) {
    overwrite(text + colon + 1, at - colon - 1);
  }
}

/// Others can read the arguments of a process as long as it runs.
void wipe_passwords(std::span<char*> argv) {
  constexpr std::string_view option = "--password";
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string_view word = argv[i];
    if (word == option && i + 1 < argv.size()) {
      overwrite(argv[i + 1], std::strlen(argv[i + 1]));
    } else if (word.starts_with("--password=")) {
      overwrite(argv[i] + option.size() + 1, word.size() - option.size() - 1);
    } else if (word.find("://") != std::string_view::npos) {
      wipe_uri_password(argv[i]);
    }
  }
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

/// For what is wrong with the words themselves: knows the terminal, but nothing that was typed.
Output first_output(Clock::time_point started, int interrupt_fd = -1) {
  return {resolve_output({.output = "json"}, process_environment), started, interrupt_fd};
}

/// Parses and runs. Everything that goes wrong arrives as an Error.
int parse_and_run(std::span<char*> argv, MissingStreams missing_streams, Session& session) {
  CLI::App app("The command line for Nameko: call services over RabbitMQ", "miko");
  app.fallthrough();
  app.formatter(std::make_shared<HelpFormatter>());
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Print this help for all commands");
  app.set_version_flag("-V,--version", version_text, "Print versions of miko and its libraries");
  app.footer("miko help exit-codes, miko help environment and miko help output tell more.");
  add_global_options(app, session.typed);
  add_commands(app, argv, session);
  if (argv.size() <= 1) {
    Output::print_error_text(app.help());
    return exit_code(ErrorKind::usage);
  }
  try {
    app.parse(static_cast<int>(argv.size()), argv.data());
  } catch (const CLI::CallForHelp&) {
    const std::vector<CLI::App*> chosen = app.get_subcommands();
    session.output.print_text(chosen.empty() ? app.help() : chosen.front()->help());
    return 0;
  } catch (const CLI::CallForAllHelp&) {
    session.output.print_text(app.help("", CLI::AppFormatMode::All));
    return 0;
  } catch (const CLI::CallForVersion& version) {
    session.output.print_text(std::string(version.what()) + "\n");
    return 0;
  } catch (const CLI::ParseError& error) {
    throw parse_failure(app, error);
  }
  wipe_passwords(argv);
  session.output = Output(resolve_output(session.typed, session.environment,
                                         formats_of(*app.get_subcommands().front())),
                          session.started, session.interrupt_fd);
  if (missing_streams.standard_output && session.output.format() != OutputFormat::none) {
    throw Error({.kind = ErrorKind::output_failed,
                 .message = "standard output is closed, so nothing was sent"});
  }
  return session.run(session);
}

}  // namespace

int run_program(std::span<char*> argv, MissingStreams missing_streams) {
  const Clock::time_point started = Clock::now();
  Session session = {
      .environment = process_environment, .started = started, .output = first_output(started)};
  std::optional<SignalPipe> signals;
  int status = 0;
  try {
    signals.emplace();
    session.interrupt_fd = signals->fd();
    session.output = first_output(started, session.interrupt_fd);
    status = parse_and_run(argv, missing_streams, session);
  } catch (const Error& error) {
    status = session.output.print_failure(error.failure(), {}, nullptr);
  } catch (const std::bad_alloc&) {
    status = session.output.print_failure({.kind = ErrorKind::internal,
                                           .message = "out of memory",
                                           .executed = Executed::maybe,
                                           .hint = "ulimit -v shows what a process may have"},
                                          {}, nullptr);
  } catch (const std::exception& error) {
    status = session.output.print_failure({.kind = ErrorKind::internal,
                                           .message = printable(error.what()),
                                           .executed = Executed::maybe,
                                           .hint = "this is a bug in miko"},
                                          {}, nullptr);
  }
  if (status == exit_code(ErrorKind::interrupted) || SignalPipe::received() == SIGPIPE) {
    die_of(SignalPipe::received());
  }
  return status;
}

}  // namespace miko::cli
