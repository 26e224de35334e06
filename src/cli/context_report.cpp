#include "cli/context_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/context_store.h"
#include "cli/exit_code.h"
#include "cli/table.h"
#include "miko.h"

namespace miko::cli {
namespace {

/// What is known of a context that may not be readable.
struct Listed {
  std::string name;
  bool selected = false;
  std::optional<Context> context = std::nullopt;
  std::optional<Failure> failure = std::nullopt;
};

std::vector<Listed> list(const std::vector<std::string>& names, const Session& session) {
  const ContextStore store(session.environment);
  const Loop loop(session.interrupt_fd);
  FileInput input(loop, reading_deadline(session));
  const std::optional<std::string> selected = store.selected(input);
  std::vector<Listed> found;
  for (const std::string& name : names.empty() ? store.names() : names) {
    Listed one = {.name = name, .selected = selected == name};
    try {
      one.context = store.read(name, input);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::usage) {
        throw;
      }
      one.failure = error.failure();
    }
    found.push_back(std::move(one));
  }
  return found;
}

/// Where the context leads, in short.
std::string broker_of(const Context& context) {
  std::string text = context.broker ? with_masked_passwords(*context.broker) : "";
  for (const auto& [name, value] :
       {std::pair("host", context.host), std::pair("port", context.port),
        std::pair("vhost", context.vhost), std::pair("user", context.user)}) {
    if (value) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, *value);
    }
  }
  return text;
}

void write_context(JsonWriter& json, const Listed& one) {
  json.begin_object();
  json.key("name").text(one.name);
  json.key("selected").boolean(one.selected);
  if (one.failure) {
    json.key("error").text(one.failure->message);
  } else {
    json.key("file").text(one.context->file);
    for (const ContextValue& value : context_values(*one.context)) {
      json.key(value.key);
      value.is_text ? json.text(value.value) : json.raw(value.value);
    }
  }
  json.end_object();
}

int show_effective(const TypedOptions& typed, const Session& session) {
  const std::vector<EffectiveSetting> settings =
      effective_settings(typed, session.environment, Loop(session.interrupt_fd), session.started);
  if (session.output.format() == OutputFormat::pretty) {
    Table table({"SETTING", "VALUE", "FROM"});
    for (const EffectiveSetting& one : settings) {
      table.add({{.text = std::string(one.name)},
                 {.text = one.value},
                 {.text = one.origin, .tone = Tone::faint}});
    }
    session.output.print_text(table.text(session.output.stdout_colour()));
    return 0;
  }
  JsonWriter json;
  json.begin_object();
  for (const EffectiveSetting& one : settings) {
    json.key(one.name).begin_object();
    json.key("value").text(one.value);
    json.key("from").text(one.origin);
    json.end_object();
  }
  json.end_object();
  session.output.print_json(json.str());
  return 0;
}

void check_readable(std::string_view key, const std::optional<std::string>& file) {
  if (file && ::access(file->c_str(), R_OK) != 0) {
    throw usage_error(
        fmt::format("cannot read {} '{}': {}", key, printable(*file), std::strerror(errno)));
  }
}

/// Looks behind everything that the file names, but for the command of a password.
void check_references(const Context& context, const Session& session) {
  check_readable("cacert", context.ca_file);
  check_readable("cert", context.certificate);
  check_readable("key", context.key);
  if (context.password && context.password->source != SecretReference::Source::command) {
    static_cast<void>(resolve_secret(*context.password, session.environment,
                                     Loop(session.interrupt_fd), Clock::now()));
  }
}

void log_in(const Context& context, const Session& session) {
  Session own = session;
  own.typed.context = context.name;
  own.started = Clock::now();
  const Settings settings = own.settings();
  Client rpc = connect(settings.connection);
  rpc.log_in(own.started + settings.timeout);
  rpc.close();
}

void validate(Listed& one, const ValidateOptions& options, const Session& session) {
  try {
    check_references(*one.context, session);
    if (options.connect) {
      log_in(*one.context, session);
    }
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) {
      throw;
    }
    one.failure = error.failure();
  }
}

void print_verdicts(const std::vector<Listed>& found, const Output& output) {
  if (output.format() == OutputFormat::pretty) {
    Table table({"CONTEXT", "VERDICT", ""});
    for (const Listed& one : found) {
      table.add(
          {{.text = one.name},
           {.text = one.failure ? "failed" : "ok", .tone = one.failure ? Tone::bad : Tone::good},
           {.text = one.failure ? one.failure->message : ""}});
    }
    output.print_text(table.text(output.stdout_colour()));
    return;
  }
  JsonWriter json;
  json.begin_array();
  for (const Listed& one : found) {
    json.begin_object();
    json.key("name").text(one.name);
    json.key("ok").boolean(!one.failure);
    json.key("error");
    one.failure ? json.raw(error_json(*one.failure, {}, nullptr)) : json.null();
    json.end_object();
  }
  json.end_array();
  output.print_json(json.str());
}

}  // namespace

Clock::time_point reading_deadline(const Session& session) {
  return session.started + std::chrono::seconds(5);
}

int list_contexts(const Session& session) {
  const std::vector<Listed> found = list({}, session);
  const OutputFormat format = session.output.format();
  if (format == OutputFormat::raw) {
    std::string names;
    for (const Listed& one : found) {
      names += one.name + '\n';
    }
    session.output.print_text(names);
  } else if (format == OutputFormat::pretty) {
    Table table({"", "CONTEXT", "BROKER"});
    for (const Listed& one : found) {
      table.add({{.text = one.selected ? "*" : ""},
                 {.text = one.name, .tone = one.selected ? Tone::good : Tone::plain},
                 {.text = one.failure ? one.failure->message : broker_of(*one.context),
                  .tone = one.failure ? Tone::bad : Tone::plain}});
    }
    session.output.print_text(table.text(session.output.stdout_colour()));
  } else {
    JsonWriter json;
    json.begin_array();
    for (const Listed& one : found) {
      write_context(json, one);
    }
    json.end_array();
    session.output.print_json(json.str());
  }
  return 0;
}

int show_context(const ShowOptions& options, const Session& session) {
  TypedOptions typed = session.typed;
  if (!options.name.empty()) {
    typed.context = options.name;
  }
  if (options.effective) {
    return show_effective(typed, session);
  }
  const Sources sources(typed, session.environment, Loop(session.interrupt_fd), session.started);
  if (!sources.context()) {
    throw usage_error("no context is in use",
                      "miko context show NAME shows one of those that "
                      "miko context ls lists");
  }
  const Listed one = list({*sources.context()}, session).front();
  JsonWriter json;
  write_context(json, one);
  session.output.print_json(json.str());
  return 0;
}

int validate_contexts(const ValidateOptions& options, const Session& session) {
  std::vector<Listed> found = list(options.names, session);
  for (Listed& one : found) {
    if (!one.failure) {
      validate(one, options, session);
    }
  }
  print_verdicts(found, session.output);
  const auto failed = std::find_if(found.begin(), found.end(),
                                   [](const Listed& one) { return one.failure.has_value(); });
  return failed == found.end() ? 0 : exit_code(failed->failure->kind);
}

}  // namespace miko::cli
