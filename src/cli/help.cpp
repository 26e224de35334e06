// miko help [TOPIC|COMMAND]
// Pages that belong to no single command.

#include <CLI/CLI.hpp>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

struct Topic {
  std::string_view name;
  std::string_view summary;
  std::string_view text;
};

constexpr Topic topics[] = {
    {"exit-codes", "What the exit status means",
     R"(Exit status, error.code, and whether the method ran (error.executed):

    0                        done                                            yes
    1   remote_error         the method raised                               yes
    2   usage                bad option, JSON, file, URI or configuration    no
    3   expectation_failed   call: not as --expect and its fellows say       yes
                             bench: a --fail-if is true                      maybe
                             batch: some calls failed (1: all did)
                             smoke: some case is not as expected             maybe
                             ping: over --crit                               no
                             probe: a method only on some instances          no
    4   unknown_service      nobody is listening                             no
        no_instance
    5   unknown_method       the service refused the call before running     no
        bad_arguments        it
    6   unreachable          name, connection, TLS or login did not          no
                             succeed in time; not an AMQP server
    7   denied               login, vhost, permission, certificate or        no
                             the size of the request refused
    8   bad_reply            the reply cannot be understood, or is over      yes
                             the size limit
    9   connection_lost      after the request was sent                      maybe
   10   output_failed        the result could not be written                 yes; no if
                             standard output was closed from the start
   70   internal             a bug in miko                                   maybe
  124   timeout              sent, no reply in time                          maybe
                             wait: something is missing when time is over    no
  129   interrupted          SIGHUP                                          maybe, if sent
  130   interrupted          SIGINT                                          maybe, if sent
  143   interrupted          SIGTERM                                         maybe, if sent

The request travels together with the login. When the line breaks before the
login is answered, 6 says how far it came and error.executed says "maybe": ask
error.executed before repeating a call, and use --careful where a broker that
cannot be logged in to must mean "no".
)"},
    {"environment", "Variables miko reads",
     R"(What was typed beats the environment, which beats what is stored:

  an option; --config or --context typed; the MIKO_ variables; MIKO_CONTEXT;
  MIKO_CONFIG; AMQP_URI; AMQP_URL; the selected context; the defaults

miko context show --effective shows what counts here and where it comes from.

  MIKO_BROKER       --broker: amqp://USER:PASSWORD@HOST:PORT/VHOST
  MIKO_HOST         --host
  MIKO_PORT         --port
  MIKO_VHOST        --vhost
  MIKO_USER         --user
  MIKO_PASSWORD     --password
  MIKO_EXCHANGE     --exchange
  MIKO_CACERT       --cacert
  MIKO_CERT         --cert
  MIKO_KEY          --key
  MIKO_SERVERNAME   --servername
  MIKO_MANAGEMENT   --management
  MIKO_CONTEXT      --context
  MIKO_CONFIG       --config: a Nameko config.yaml
  MIKO_TIMEOUT      --timeout
  MIKO_OUTPUT       --output
  AMQP_URI          the broker, as Nameko's configurations often call it
  AMQP_URL          the broker, as amqp-tools call it
  XDG_CONFIG_HOME   where contexts are kept, in its folder miko [~/.config]
  NO_COLOR          no colour
  CLICOLOR_FORCE    colour also where no terminal reads
)"},
    {"output", "What is printed where",
     R"(stdout is data, stderr is everything else. With -o:

  json       the result on one line; the default where no terminal reads
  pretty     indented, coloured on a terminal; the default there
  raw        a string without its quotes; anything else as json
  envelope   one line, on success and failure alike:
             {"ok","service","method","result","error","elapsed_ms",
              "correlation_id"}
  none       nothing
  csv        bench only: a line of names and one of values
  tap        smoke only: the Test Anything Protocol

batch prints an envelope for each call, with "index" and "id" in front, whatever
-o says, but for none. dispatch prints nothing on success; with --lines a line
for each event that failed. listen prints a line for each event:
{"service","event","data","headers","at"}. bench prints its report, tap a line for
each call, smoke one for each case.

A failure is one line of JSON on stderr (indented on a terminal), and stdout
stays empty:

  {"error":{"code":"remote_error","message":"orders.get raised NotFound: A-1",
   "executed":"yes","service":"orders","method":"get",
   "remote":{"exc_type":"NotFound","exc_path":"orders.errors.NotFound",
             "exc_args":["A-1"],"value":"A-1"},"hint":null}}

With -o envelope the failure is in the envelope and stderr stays silent.

Results are carried, not interpreted: integers of any size, 1.10, -0.0, NaN and
Infinity, lone surrogates and the order of keys come out as Python sent them.
)"},
};

int run(const std::string& word, CLI::App& app, const Output& output) {
  if (word.empty()) {
    // app.help() would show the chosen command, which is help itself.
    std::string text = app.get_formatter()->make_help(&app, "", CLI::AppFormatMode::Normal);
    text += "\nTopics, for miko help TOPIC:\n";
    for (const Topic& topic : topics) {
      text += "  " + std::string(topic.name) + std::string(14 - topic.name.size(), ' ') +
              std::string(topic.summary) + "\n";
    }
    output.print_text(text);
    return 0;
  }
  std::vector<std::string> known;
  for (const Topic& topic : topics) {
    if (word == topic.name) {
      output.print_text(topic.text);
      return 0;
    }
    known.emplace_back(topic.name);
  }
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (word == command->get_name()) {
      output.print_text(command->help());
      return 0;
    }
    known.push_back(command->get_name());
  }
  const std::string meant = suggestion(word, known);
  throw usage_error("no help topic '" + printable(shortened(word, 40)) + "'",
                    meant.empty() ? "miko help lists commands and topics" : meant);
}

}  // namespace

void declare_help(CLI::App& command, Session& session) {
  auto word = std::make_shared<std::string>();
  command.add_option("topic", *word, "a command, or exit-codes, environment, output")
      ->option_text("TOPIC");
  CLI::App& app = *command.get_parent();
  command.callback([word, &app, &session] {
    session.run = [word, &app](Session& s) { return run(*word, app, s.output); };
  });
}

}  // namespace miko::cli
