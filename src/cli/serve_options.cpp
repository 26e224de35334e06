// miko serve SERVICE
// What can be said to it.

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/duration.h"
#include "cli/serve.h"
#include "cli/stub_file.h"
#include "miko.h"

namespace miko::cli {

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
  command.add_flag("--no-reconnect", options->no_reconnect,
                   "End when the connection is lost instead of connecting again");
  command.add_flag("--force", options->force,
                   "Start beside running instances and take a share of their calls");
  command.footer(
      "METHOD may have parameters, and calls that do not fit them are refused as Nameko does:\n"
      "  --reply 'hello(name, greeting=\"Hello\")=\"Hello, Ann!\"'\n\n"
      "Examples:\n"
      "  miko serve greeting --reply 'hello=\"Hello, Ann!\"' --raise 'bye=NotFound:nobody there'\n"
      "  miko serve math --exec 'add(a, b)=jq .kwargs.a+.kwargs.b'\n"
      "  miko serve orders --echo --delay 200ms --log");
  command.callback(
      [options, &session] { session.run = [options](Session& s) { return serve(*options, s); }; });
}

}  // namespace miko::cli
