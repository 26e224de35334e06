// miko context add|ls|show|select|rm|validate
// Named connections, kept in files of the user.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/text.h"
#include "cli/command.h"
#include "cli/context_report.h"
#include "cli/context_store.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "miko.h"

namespace miko::cli {
namespace {

struct AddOptions {
  std::string name = {};
  std::optional<std::string> password_from = std::nullopt;
  bool store_password = false;
  bool force = false;
  bool select = false;
};

void refuse_what_is_not_kept(const TypedOptions& typed) {
  const std::pair<bool, std::string_view> refused[] = {
      {typed.config.has_value(), "--config"},
      {typed.context.has_value(), "--context"},
      {typed.reply_size_max.has_value(), "--max-reply-size"},
      {typed.careful, "--careful"},
  };
  for (const auto& [given, option] : refused) {
    if (given) {
      throw usage_error(fmt::format("a context does not keep {}", option));
    }
  }
}

std::optional<std::string> absolute(const std::optional<std::string>& path) {
  return path ? std::optional(std::filesystem::absolute(*path).lexically_normal().string())
              : std::nullopt;
}

std::optional<SecretReference> password_of(const AddOptions& options, const TypedOptions& typed) {
  if ((options.password_from ? 1 : 0) + (typed.password ? 1 : 0) + (typed.password_file ? 1 : 0) >
      1) {
    throw usage_error("the password is given twice");
  }
  if ((typed.password || has_secret(typed.broker.value_or(""))) && !options.store_password) {
    throw usage_error("a password would be kept in clear text",
                      "--password-from env:NAME, file:PATH or cmd:COMMAND says where it is; "
                      "--store-password keeps it nevertheless");
  }
  if (typed.password) {
    return SecretReference{.source = SecretReference::Source::text, .value = *typed.password};
  }
  if (typed.password_file) {
    return SecretReference{.source = SecretReference::Source::file,
                           .value = *absolute(typed.password_file)};
  }
  if (!options.password_from) {
    return std::nullopt;
  }
  SecretReference reference = parse_secret_reference(*options.password_from);
  if (reference.source == SecretReference::Source::text) {
    throw usage_error("--password-from takes no password itself",
                      "env:NAME, file:PATH or cmd:COMMAND; or --password and --store-password");
  }
  if (reference.source == SecretReference::Source::file) {
    reference.value = *absolute(reference.value);
  }
  return reference;
}

/// YAML is text.
void require_text(const TypedOptions& typed) {
  for (const auto& value : {typed.broker, typed.host, typed.vhost, typed.user, typed.password,
                            typed.password_file, typed.exchange, typed.management, typed.ca_file,
                            typed.certificate, typed.key, typed.server_name}) {
    for (std::string_view rest = value ? *value : std::string_view(); !rest.empty();) {
      const std::optional<CodePoint> code = decode_utf8(rest);
      if (!code) {
        throw usage_error("an option has a value that is not UTF-8");
      }
      rest.remove_prefix(code->bytes);
    }
    if (value && value->empty()) {
      throw usage_error("an option has an empty value");
    }
  }
}

int add(const AddOptions& options, const Session& session) {
  const TypedOptions& typed = session.typed;
  refuse_what_is_not_kept(typed);
  require_text(typed);
  Context context = {.name = options.name,
                     .broker = typed.broker,
                     .host = typed.host,
                     .port = typed.port,
                     .vhost = typed.vhost,
                     .user = typed.user,
                     .password = password_of(options, typed),
                     .exchange = typed.exchange,
                     .management = typed.management,
                     .tls = typed.tls,
                     .ca_file = absolute(typed.ca_file),
                     .certificate = absolute(typed.certificate),
                     .key = absolute(typed.key),
                     .server_name = typed.server_name,
                     .insecure = typed.insecure,
                     .timeout = typed.timeout};
  if (context.broker) {
    check_broker_uri(*context.broker);
  }
  if (context.port) {
    static_cast<void>(parse_port("--port", *context.port));
  }
  if (context.timeout) {
    static_cast<void>(parse_duration("--timeout", *context.timeout));
  }
  if (context_values(context).empty()) {
    throw usage_error("a context with nothing in it",
                      "--broker and the other options of the connection say what is kept");
  }
  const ContextStore store(session.environment);
  store.write(context,
              options.force ? ContextStore::Existing::replace : ContextStore::Existing::keep);
  if (options.select) {
    store.select(context.name);
  }
  return 0;
}

struct SelectOptions {
  std::string name = {};
  bool none = false;
};

int select(const SelectOptions& options, const Session& session) {
  const bool none = options.none || options.name == "-";
  if (options.none ? !options.name.empty() : options.name.empty()) {
    throw usage_error("select takes the name of a context, or --none");
  }
  ContextStore(session.environment).select(none ? std::nullopt : std::optional(options.name));
  return 0;
}

int rm(const std::vector<std::string>& names, const Session& session) {
  const ContextStore store(session.environment);
  const Loop loop(session.interrupt_fd);
  FileInput input(loop, reading_deadline(session));
  for (const std::string& name : names) {
    store.remove(name);
    if (store.selected(input) == name) {
      store.select(std::nullopt);
    }
  }
  return 0;
}

/// Declares one of the words behind "context"; `run` gets its options and the session.
template <class Values>
CLI::App* declare(CLI::App& parent, Session& session, const char* name, const char* summary,
                  const std::shared_ptr<Values>& values,
                  int (*run)(const Values&, const Session&)) {
  CLI::App* const command = parent.add_subcommand(name, summary);
  command->footer("");
  command->callback([values, run, &session] {
    session.run = [values, run](Session& s) { return run(*values, s); };
  });
  return command;
}

}  // namespace

void declare_context(CLI::App& command, Session& session) {
  command.require_subcommand(1);
  const auto word = [](CLI::App* one, std::string& name) {
    return one->add_option("name", name, "name of the context")->option_text("NAME");
  };

  auto adding = std::make_shared<AddOptions>();
  CLI::App* one = declare(command, session, "add", "Keep the connection that the options describe",
                          adding, add);
  word(one, adding->name)->required();
  one->add_option("--password-from", adding->password_from,
                  "Where the password is: env:NAME, file:PATH or cmd:COMMAND")
      ->option_text("WHERE");
  one->add_flag("--store-password", adding->store_password,
                "Keep the password of --password or --broker in the file, in clear text");
  one->add_flag("--force", adding->force, "Replace a context of this name");
  one->add_flag("--select", adding->select, "And use it from now on");

  auto nothing = std::make_shared<int>();
  declare<int>(command, session, "ls", "List the contexts; -o raw prints their names", nothing,
               [](const int& /*none*/, const Session& s) { return list_contexts(s); });

  auto showing = std::make_shared<ShowOptions>();
  one =
      declare(command, session, "show", "Show a context, passwords masked", showing, show_context);
  word(one, showing->name);
  one->add_flag("--effective", showing->effective,
                "Show every setting as it counts, and where it comes from");

  auto selecting = std::make_shared<SelectOptions>();
  one = declare(command, session, "select", "Use a context wherever none is named", selecting,
                select);
  word(one, selecting->name);
  one->add_flag("--none", selecting->none, "Use none from now on; so does the name -");

  auto removing = std::make_shared<std::vector<std::string>>();
  one = declare(command, session, "rm", "Remove contexts", removing, rm);
  one->add_option("name", *removing, "name of a context")->option_text("NAME...")->required();

  auto validating = std::make_shared<ValidateOptions>();
  one = declare(command, session, "validate", "Check contexts, all of them if none is named",
                validating, validate_contexts);
  one->add_option("name", validating->names, "name of a context")->option_text("[NAME...]");
  one->add_flag("--connect", validating->connect, "Log in with each; --timeout holds for each");
  command.footer(
      "Examples:\n"
      "  miko context add prod -b amqps://bob@broker.example.com/ --password-from env:RABBIT\n"
      "  miko context select prod\n"
      "  miko --context prod call greeting hello name=Ann");
}

}  // namespace miko::cli
