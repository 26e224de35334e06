// miko dispatch SERVICE EVENT [ITEM...]
// Dispatches an event as a Nameko service does.

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "base/json.h"
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/dispatch_lines.h"
#include "cli/file_input.h"
#include "miko.h"

namespace miko::cli {
namespace {

struct DispatchOptions {
  std::vector<std::string> words = {};
  ArgumentWords arguments = {};  ///< items, headers and context
  std::optional<std::string> data = std::nullopt;
  bool require_handler = false;
  bool dry_run = false;
  bool lines = false;
  bool no_progress = false;
};

/// The data of an event out of its items: an object of those with a key, or the only one without.
std::string data_of(const Arguments& arguments) {
  const std::vector<JsonMember> values = json_members(arguments.args);
  const bool has_keys = !json_members(arguments.kwargs).empty();
  if (values.size() > 1 || (has_keys && !values.empty())) {
    throw usage_error("an event has one value, and this is more",
                      "KEY=TEXT and KEY:=JSON make an object; =TEXT or :=JSON stands alone");
  }
  if (!values.empty()) {
    return std::string(values.front().value);
  }
  return has_keys ? arguments.kwargs : "null";
}

EventData read_event(const DispatchOptions& options, FileInput& input) {
  Arguments arguments = parse_arguments(options.arguments, input);
  EventData event = {.context = std::move(arguments.context),
                     .headers = std::move(arguments.headers),
                     .require_handler = options.require_handler};
  if (!options.data) {
    event.data = data_of(arguments);
    return event;
  }
  if (!options.arguments.items.empty()) {
    throw usage_error("the data is given twice, with --data and as items");
  }
  event.data = options.data->starts_with('@') ? input.read(options.data->substr(1)) : *options.data;
  require_json("--data", event.data);
  return event;
}

int dispatch_many(const DispatchOptions& options, Target target, EventData common,
                  Session& session) {
  if (!options.arguments.items.empty() || options.data || options.dry_run) {
    throw usage_error("with --lines the data comes from standard input only",
                      "--header and --ctx hold for all events");
  }
  return dispatch_lines({.target = std::move(target),
                         .common = std::move(common),
                         .no_progress = options.no_progress},
                        session);
}

int dispatch_one(const DispatchOptions& options, const Target& target, EventData event,
                 const Settings& settings, const Session& session) {
  event.deadline = session.started + settings.timeout;
  if (options.dry_run) {
    session.output.print_json(preview_event(target.service, target.method, event));
    return 0;
  }
  Dispatcher dispatcher(settings.connection, target.service);
  const std::optional<Failure> failure = dispatcher.dispatch(target.method, std::move(event));
  const int status =
      failure ? session.output.print_failure(*failure, {.service = target.service}, nullptr) : 0;
  try {
    dispatcher.close();
  } catch (const Error&) {
    // Ctrl-C during the goodbye: the event is dispatched.
  }
  return status;
}

int run(DispatchOptions options, Session& session) {
  Target target;
  try {
    target = take_target(options.words, "event");
    options.arguments.items = std::move(options.words);
    const Settings settings = session.settings();
    const Loop loop(session.interrupt_fd);
    FileInput input(loop, session.started + settings.timeout);
    if (options.lines) {
      input.give_up_stdin();
    }
    EventData event = read_event(options, input);
    return options.lines ? dispatch_many(options, std::move(target), std::move(event), session)
                         : dispatch_one(options, target, std::move(event), settings, session);
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), {.service = target.service}, nullptr);
  }
}

}  // namespace

void declare_dispatch(CLI::App& command, Session& session) {
  auto options = std::make_shared<DispatchOptions>();
  command
      .add_option("words", options->words,
                  "SERVICE EVENT or SERVICE.EVENT, then the data:\n"
                  "KEY=TEXT, KEY:=JSON, KEY=@FILE, KEY:=@FILE for an object, =TEXT or :=JSON for "
                  "any other value [null]")
      ->option_text("SERVICE EVENT [ITEM...]");
  command.add_option("--data", options->data, "The data as JSON; @FILE, @- for standard input")
      ->option_text("JSON");
  command.add_option("-H,--header", options->arguments.headers, "AMQP header of the event")
      ->option_text("NAME:TEXT")
      ->expected(1)
      ->take_all();
  command
      .add_option("--ctx", options->arguments.context,
                  "Nameko context data: KEY=TEXT or KEY:=JSON, sent as header nameko.KEY")
      ->option_text("ITEM")
      ->expected(1)
      ->take_all();
  command.add_flag("--require-handler", options->require_handler,
                   "Fail if no queue is bound to the event");
  command.add_flag("--dry-run", options->dry_run, "Print the message and send nothing");
  CLI::Option* const lines = command.add_flag(
      "--lines", options->lines, "Dispatch an event for each JSON value of standard input");
  command.add_flag("--no-progress", options->no_progress, "Show no progress on the terminal")
      ->needs(lines);
  command.footer(
      "Examples:\n"
      "  miko dispatch orders paid id:=7 by=Ann\n"
      "  miko dispatch orders.paid --data @event.json --require-handler\n"
      "  miko dispatch orders paid --lines < events.jsonl");
  command.callback([options, &session] {
    session.run = [options](Session& s) { return run(std::move(*options), s); };
  });
}

}  // namespace miko::cli
