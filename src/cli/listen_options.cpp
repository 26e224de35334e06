// miko listen SERVICE [EVENT...]
// What can be said to it.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/text.h"
#include "cli/listen.h"
#include "cli/progress.h"
#include "miko.h"

namespace miko::cli {
namespace {

/// Adds to what is listened to of a service; without types all of it.
void subscribe(std::vector<Subscription>& subscriptions, const std::string& service,
               std::vector<std::string> types) {
  if (service.find("://") != std::string::npos) {
    throw usage_error(fmt::format("'{}' is no service", shown_word(service, 60)),
                      "the broker is given with --broker or AMQP_URI");
  }
  const auto known =
      std::find_if(subscriptions.begin(), subscriptions.end(),
                   [&service](const Subscription& one) { return one.service == service; });
  if (known == subscriptions.end()) {
    subscriptions.push_back({.service = service, .types = std::move(types)});
  } else if (types.empty() || known->types.empty()) {
    known->types.clear();
  } else {
    known->types.insert(known->types.end(), types.begin(), types.end());
  }
}

int delete_queue(const ListenOptions& options, Session& session) {
  if (!options.durable || !options.words.empty() || !options.also.empty()) {
    throw usage_error("--delete takes --durable NAME and nothing else");
  }
  const Settings settings = session.settings();
  const std::optional<std::uint64_t> events = delete_durable_queue(
      settings.connection, *options.durable, session.started + settings.timeout);
  if (!events) {
    throw Error({.kind = ErrorKind::unknown_service,
                 .message = fmt::format("there is no durable queue '{}'", *options.durable)});
  }
  session.output.warn(fmt::format("the durable queue '{}' is gone, and {} events with it",
                                  *options.durable, grouped(*events)));
  return 0;
}

}  // namespace

std::vector<Subscription> subscriptions_of(const ListenOptions& options) {
  if (options.words.empty()) {
    throw usage_error("no service named", "write miko listen SERVICE [EVENT...]");
  }
  std::vector<Subscription> result;
  subscribe(result, options.words.front(), {options.words.begin() + 1, options.words.end()});
  for (const std::string& word : options.also) {
    const std::size_t equals = word.find('=');
    subscribe(result, word.substr(0, equals),
              equals == std::string::npos ? std::vector<std::string>()
                                          : std::vector{word.substr(equals + 1)});
  }
  return result;
}

void declare_listen(CLI::App& command, Session& session) {
  auto options = std::make_shared<ListenOptions>();
  const auto text = [&command](const char* name, std::optional<std::string>& value,
                               const char* what, const char* help) {
    return command.add_option(name, value, help)->option_text(what);
  };
  command
      .add_option("words", options->words,
                  "A service, then its events [all]; '*' is one word between dots, '#' any number")
      ->option_text("SERVICE [EVENT...]");
  command
      .add_option("--also", options->also, "Another service, or one event of it; may be repeated")
      ->option_text("SERVICE[=EVENT]")
      ->expected(1)
      ->take_all();
  text("--durable", options->durable, "NAME",
       "Take from a queue that stays at the broker and collects events between two runs");
  command.add_flag("--delete", options->remove, "Remove the queue of --durable and end");
  text("-n,--count", options->count, "N", "End after so many events");
  text("--for", options->duration, "DURATION", "End after this time");
  text("--exec", options->program, "COMMAND",
       "Run a shell command for each event instead of printing it: the event is on its standard "
       "input, MIKO_SERVICE and MIKO_EVENT are in its environment");
  command.add_flag("--no-reconnect", options->no_reconnect,
                   "End when the connection is lost instead of connecting again");
  command.footer(
      "Examples:\n"
      "  miko listen orders\n"
      "  miko listen orders paid 'refund.*' --also shipping=sent | jq .data\n"
      "  miko listen orders paid --durable audit >> audit.jsonl\n"
      "  miko listen orders paid -n 1 --for 10s");
  command.callback([options, &session] {
    session.run = [options](Session& s) {
      return options->remove ? delete_queue(*options, s) : listen(*options, s);
    };
  });
}

}  // namespace miko::cli
