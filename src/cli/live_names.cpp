#include "cli/live_names.h"

#include <algorithm>

#include "base/text.h"
#include "cli/command.h"
#include "cli/global_options.h"
#include "cli/name_cache.h"
#include "cli/secret.h"
#include "nameko/management.h"

namespace miko::cli {
namespace {

constexpr const char* time_limit = "300ms";

/// A line that tells brokers and their users apart; no password is in it.
std::string broker_line(const Sources& sources) {
  std::string line;
  for (const Key key :
       {Key::broker, Key::host, Key::port, Key::vhost, Key::user, Key::exchange, Key::management}) {
    const std::string text = sources.find(key).value_or(Given()).text;
    line += printable(key == Key::broker ? with_masked_passwords(text) : text) + ' ';
  }
  return line;
}

bool runs_command(const Sources& sources) {
  const std::optional<Given> password = sources.find(Key::password);
  return password && password->form == Given::Form::reference &&
         parse_secret_reference(password->text).source == SecretReference::Source::command;
}

std::vector<std::string> listed_services(const Session& session, const TypedOptions& typed) {
  try {
    const Settings settings =
        resolve_settings(typed, session.environment, Loop(session.interrupt_fd), session.started);
    Options options = settings.connection;
    options.interrupt_fd = session.interrupt_fd;
    std::vector<std::string> names =
        Management(options, settings.management).service_names(session.started + settings.timeout);
    std::erase_if(names, [](const std::string& name) { return !is_plain_word(name); });
    return names;
  } catch (const Error&) {
    return {};
  }
}

std::vector<std::string> called_services(const NameCache& cache) {
  std::vector<std::string> names;
  for (const std::string& call : cache.calls()) {
    names.push_back(call.substr(0, call.rfind('.')));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

std::vector<std::string> live_services(const Session& session,
                                       const std::vector<std::string>& line) {
  const NameCache cache(session.environment);
  try {
    TypedOptions typed = global_options_among(line);
    typed.timeout = time_limit;
    const Sources sources(typed, session.environment, Loop(session.interrupt_fd), session.started);
    const std::string broker = broker_line(sources);
    if (std::optional<std::vector<std::string>> kept = cache.services(broker)) {
      return *kept;
    }
    std::vector<std::string> names;
    if (!runs_command(sources)) {
      names = listed_services(session, typed);
    }
    if (names.empty()) {
      names = called_services(cache);
    }
    cache.keep_services(broker, names);
    return names;
  } catch (const Error&) {
    return called_services(cache);
  }
}

std::vector<std::string> seen_methods(const Session& session, const std::string& service) {
  std::vector<std::string> methods;
  for (const std::string& call : NameCache(session.environment).calls()) {
    const std::size_t dot = call.rfind('.');
    if (call.substr(0, dot) == service) {
      methods.push_back(call.substr(dot + 1));
    }
  }
  return methods;
}

std::vector<std::string> seen_calls(const Session& session) {
  return NameCache(session.environment).calls();
}

}  // namespace miko::cli
