// miko call SERVICE METHOD [ITEM...]
// Calls one RPC method and prints what it returns.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/file_input.h"
#include "miko.h"

namespace miko::cli {
namespace {

struct CallOptions {
  std::vector<std::string> words = {};
  ArgumentWords arguments = {};
  bool no_expire = false;
  bool dry_run = false;
};

/// After a timeout this much is left for the goodbye, so that the broker does not log a lost
/// client.
constexpr std::chrono::milliseconds goodbye_grace{50};

void say_goodbye(Client& rpc, Clock::time_point deadline) {
  try {
    rpc.close(std::clamp<Clock::duration>(deadline - Clock::now(), goodbye_grace,
                                          std::chrono::seconds(1)));
  } catch (const Error&) {
    // Ctrl-C during the goodbye: what was asked for is done and printed.
  }
}

/// What cannot be written is told on standard error, whatever the format.
int print(const Session& session, const Reply& reply, const CallName& name) {
  try {
    return session.output.print(reply, name);
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), name, nullptr);
  }
}

int run(CallOptions options, Session& session) {
  CallName name;
  try {
    const Target target = take_target(options.words);
    name = {.service = target.service, .method = target.method};
    options.arguments.items = std::move(options.words);

    const Settings settings = session.settings();
    const Clock::time_point deadline = session.started + settings.timeout;
    const Loop loop(session.interrupt_fd);
    FileInput input(loop, deadline);
    Arguments arguments = parse_arguments(options.arguments, input);
    arguments.expires = !options.no_expire;
    arguments.deadline = deadline;
    if (options.dry_run) {
      session.output.print_json(
          preview_call(settings.connection, target.service, target.method, arguments));
      return 0;
    }

    Client rpc = connect(settings.connection);
    const Reply reply = rpc.call(target.service, target.method, std::move(arguments));
    const int status = print(session, reply, name);
    say_goodbye(rpc, deadline);
    return status;
  } catch (const Error& error) {
    return print(session, {.failure = error.failure()}, name);
  }
}

}  // namespace

void add_call(CLI::App& app, Session& session) {
  auto options = std::make_shared<CallOptions>();
  CLI::App* command = app.add_subcommand("call", "Call an RPC method and print what it returns");
  command
      ->add_option("words", options->words,
                   "SERVICE METHOD or SERVICE.METHOD, then arguments:\n"
                   "KEY=TEXT, KEY:=JSON, KEY=@FILE, KEY:=@FILE, =TEXT, :=JSON")
      ->option_text("SERVICE METHOD [ITEM...]");
  command
      ->add_option("--args", options->arguments.args,
                   "JSON array: positional arguments, JSON object: keyword arguments; @FILE, @- "
                   "for standard input")
      ->option_text("JSON");
  command
      ->add_option("--kwargs", options->arguments.kwargs,
                   "JSON object: keyword arguments beside --args '[...]'")
      ->option_text("JSON");
  command->add_option("-H,--header", options->arguments.headers, "AMQP header of the request")
      ->option_text("NAME:TEXT")
      ->expected(1)
      ->take_all();
  command
      ->add_option("--ctx", options->arguments.context,
                   "Nameko context data: KEY=TEXT or KEY:=JSON, sent as header nameko.KEY")
      ->option_text("ITEM")
      ->expected(1)
      ->take_all();
  command->add_flag("--no-expire", options->no_expire,
                    "Let the request wait in the queue, and run, after the timeout");
  command->add_flag("--dry-run", options->dry_run, "Print the message and send nothing");
  command->footer(
      "Examples:\n"
      "  miko call greeting hello name=Ann\n"
      "  miko call orders.get --args '[\"A-1\"]'\n"
      "  miko call orders create customer=Ann items:='[{\"sku\": 7}]'\n"
      "  miko call orders create --args @order.json --timeout 30s -o envelope");
  command->callback([options, &session] {
    session.run = [options](Session& s) { return run(std::move(*options), s); };
  });
}

}  // namespace miko::cli
