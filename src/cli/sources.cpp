#include "cli/sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/context_store.h"
#include "cli/duration.h"
#include "nameko/client.h"

namespace miko::cli {
namespace {

constexpr std::string_view no_context = "-";

bool is_of_broker(Key key) {
  return key == Key::broker || key == Key::host || key == Key::port || key == Key::vhost ||
         key == Key::user || key == Key::password || key == Key::management;
}

bool is_of_tls(Key key) {
  return key == Key::tls || key == Key::ca_file || key == Key::certificate || key == Key::key ||
         key == Key::server_name || key == Key::insecure;
}

/// Fills a source with what one origin says.
class Filler {
 public:
  Filler(std::map<Key, Given>& values, std::string origin)
      : values_(values), origin_(std::move(origin)) {}

  void text(Key key, const std::optional<std::string>& value,
            Given::Form form = Given::Form::text) const {
    if (value) {
      values_[key] = {.text = *value, .origin = origin_, .form = form};
    }
  }

  void flag(Key key, bool value) const {
    if (value) {
      text(key, "true");
    }
  }

 private:
  std::map<Key, Given>& values_;
  std::string origin_;
};

struct TypedText {
  Key key;
  std::optional<std::string> TypedOptions::*member;
  const char* option;
  const char* variable;
};

constexpr TypedText typed_texts[] = {
    {Key::broker, &TypedOptions::broker, "--broker", "MIKO_BROKER"},
    {Key::host, &TypedOptions::host, "--host", "MIKO_HOST"},
    {Key::port, &TypedOptions::port, "--port", "MIKO_PORT"},
    {Key::vhost, &TypedOptions::vhost, "--vhost", "MIKO_VHOST"},
    {Key::user, &TypedOptions::user, "--user", "MIKO_USER"},
    {Key::password, &TypedOptions::password, "--password", "MIKO_PASSWORD"},
    {Key::exchange, &TypedOptions::exchange, "--exchange", "MIKO_EXCHANGE"},
    {Key::management, &TypedOptions::management, "--management", "MIKO_MANAGEMENT"},
    {Key::ca_file, &TypedOptions::ca_file, "--cacert", "MIKO_CACERT"},
    {Key::certificate, &TypedOptions::certificate, "--cert", "MIKO_CERT"},
    {Key::key, &TypedOptions::key, "--key", "MIKO_KEY"},
    {Key::server_name, &TypedOptions::server_name, "--servername", "MIKO_SERVERNAME"},
    {Key::timeout, &TypedOptions::timeout, "--timeout", "MIKO_TIMEOUT"},
};

std::chrono::nanoseconds duration_of(const Given& given) {
  try {
    return parse_duration(given.origin, given.text);
  } catch (const Error& error) {
    throw complaint(given, error);
  }
}

}  // namespace

Error complaint(const Given& given, const Error& error) {
  if (given.origin.starts_with("MIKO_") || given.origin.starts_with("AMQP_")) {
    return usage_error(fmt::format("the environment variable {} has a bad value", given.origin),
                       error.failure().hint);
  }
  return error;
}

Sources::Sources(const TypedOptions& typed, const Environment& environment, const Loop& loop,
                 Clock::time_point started)
    : typed_(typed), environment_(environment), input_(loop, started + first_timeout()) {
  add_options();
  add_typed_file();
  add_variables();
  add_stored();
  choose_broker();
}

std::optional<Given> Sources::variable(const char* name) const {
  std::optional<std::string> value = environment_(name);
  // An empty variable counts as unset, as in most tools.
  if (!value || value->empty()) {
    return std::nullopt;
  }
  return Given{.text = std::move(*value), .origin = name};
}

/// Until the context is read, which may have one of its own.
std::chrono::nanoseconds Sources::first_timeout() const {
  if (typed_.timeout) {
    return duration_of({.text = *typed_.timeout, .origin = "--timeout"});
  }
  return duration_of(variable("MIKO_TIMEOUT")
                         .value_or(Given{.text = typed_.timeout_default, .origin = "timeout"}));
}

void Sources::add_options() {
  if (typed_.password && typed_.password_file) {
    throw usage_error("--password and --password-file are both given");
  }
  if (typed_.config && typed_.context) {
    throw usage_error("--config and --context are both given");
  }
  Source& source = sources_.emplace_back(Source{.reach = Reach::every_broker});
  for (const TypedText& one : typed_texts) {
    Filler(source.values, one.option).text(one.key, typed_.*one.member);
  }
  Filler(source.values, "--password-file")
      .text(Key::password, typed_.password_file, Given::Form::file);
  Filler(source.values, "--tls").flag(Key::tls, typed_.tls);
  Filler(source.values, "--insecure").flag(Key::insecure, typed_.insecure);
}

void Sources::add_typed_file() {
  if (typed_.config) {
    sources_.push_back(config_source(*typed_.config, "--config"));
    sources_.back().reach = Reach::every_broker;
  } else if (typed_.context && *typed_.context != no_context) {
    add_context(*typed_.context, Reach::every_broker);
  }
}

void Sources::add_variables() {
  Source& source = sources_.emplace_back(Source{.reach = Reach::every_broker});
  for (const TypedText& one : typed_texts) {
    if (std::optional<Given> value = variable(one.variable)) {
      source.values[one.key] = std::move(*value);
    }
  }
}

void Sources::add_stored() {
  bool named = typed_.broker || typed_.config || typed_.context || variable("MIKO_BROKER");
  const std::optional<Given> context = variable("MIKO_CONTEXT");
  if (context && !named) {
    if (context->text != no_context) {
      add_context(context->text, Reach::own_broker);
    }
    named = true;
  }
  if (const std::optional<Given> config = variable("MIKO_CONFIG"); config && !typed_.config) {
    sources_.push_back(config_source(config->text, "MIKO_CONFIG"));
    named = true;
  }
  for (const char* name : {"AMQP_URI", "AMQP_URL"}) {
    if (std::optional<Given> uri = variable(name)) {
      sources_.emplace_back().values[Key::broker] = std::move(*uri);
      named = true;
    }
  }
  if (!named) {
    if (const std::optional<std::string> name = ContextStore(environment_).selected(input_)) {
      add_context(*name, Reach::own_broker);
    }
  }
}

Sources::Source Sources::config_source(const std::string& file, const std::string& origin) {
  const NamekoConfig config = read_nameko_config(file, environment_, input_);
  Source source;
  const Filler add(source.values, origin);
  add.text(Key::broker, config.broker);
  add.text(Key::exchange, config.exchange);
  add.text(Key::login_method, config.login_method);
  if (config.heartbeat) {
    add.text(Key::heartbeat, std::to_string(config.heartbeat->count()));
  }
  add.flag(Key::tls, config.tls);
  add.text(Key::ca_file, config.ca_file);
  add.text(Key::certificate, config.certificate);
  add.text(Key::key, config.key);
  add.text(Key::server_name, config.server_name);
  add.flag(Key::insecure, config.insecure);
  return source;
}

void Sources::add_context(const std::string& name, Reach reach) {
  const Context context = ContextStore(environment_).read(name, input_);
  context_ = context.name;
  Source& source = sources_.emplace_back(Source{.reach = reach});
  const Filler add(source.values, "context " + context.name);
  add.text(Key::broker, context.broker);
  if (!context.broker && context.names_broker()) {
    add.text(Key::broker, Options().broker);
  }
  add.text(Key::host, context.host);
  add.text(Key::port, context.port);
  add.text(Key::vhost, context.vhost);
  add.text(Key::user, context.user);
  if (context.password) {
    add.text(Key::password, context.password->written(), Given::Form::reference);
  }
  add.text(Key::exchange, context.exchange);
  add.text(Key::management, context.management);
  add.flag(Key::tls, context.tls);
  add.text(Key::ca_file, context.ca_file);
  add.text(Key::certificate, context.certificate);
  add.text(Key::key, context.key);
  add.text(Key::server_name, context.server_name);
  add.flag(Key::insecure, context.insecure);
  add.text(Key::timeout, context.timeout);
}

void Sources::choose_broker() {
  const auto names_broker = [](const Source& one) { return one.values.contains(Key::broker); };
  broker_source_ = static_cast<std::size_t>(
      std::find_if(sources_.begin(), sources_.end(), names_broker) - sources_.begin());
}

std::optional<Given> Sources::find(Key key) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Source& source = sources_[i];
    const bool foreign = i > broker_source_;
    if (foreign && (is_of_broker(key) || (is_of_tls(key) && source.reach == Reach::own_broker))) {
      continue;
    }
    if (const auto found = source.values.find(key); found != source.values.end()) {
      return found->second;
    }
  }
  return std::nullopt;
}

std::optional<Given> Sources::password_if_missing() const {
  return typed_.password_file ? std::nullopt : variable("MIKO_PASSWORD");
}

std::chrono::nanoseconds Sources::timeout() const {
  return duration_of(
      find(Key::timeout).value_or(Given{.text = typed_.timeout_default, .origin = "timeout"}));
}

}  // namespace miko::cli
