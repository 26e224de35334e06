#include "cli/settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "cli/duration.h"
#include "cli/file_input.h"

namespace miko::cli {
namespace {

/// A text somebody gave, and how to name its origin without showing it.
struct Given {
  std::string text = {};
  std::string origin = {};
};

bool is_variable(const std::string& origin) {
  return origin.starts_with("MIKO_") || origin.starts_with("AMQP_");
}

/// Runs `read`; a complaint about a variable must not show what is in it.
template <class Read>
auto from(const Given& given, const Read& read) {
  try {
    return read();
  } catch (const Error& error) {
    if (is_variable(given.origin)) {
      throw usage_error(fmt::format("the environment variable {} has a bad value", given.origin),
                        error.failure().hint);
    }
    throw;
  }
}

/// Looks things up in the order of precedence.
class Resolver {
 public:
  Resolver(const TypedOptions& typed, const Environment& environment, const Loop& loop,
           Clock::time_point started)
      : typed_(typed),
        environment_(environment),
        timeout_(choose_timeout()),
        input_(loop, started + timeout_) {}

  Settings resolve() {
    Settings settings = {.timeout = timeout_};
    settings.connection.timeout = timeout_;
    choose_broker(settings.connection);
    override_parts(settings.connection);
    choose_tls(settings.connection);
    if (const auto exchange = first(typed_.exchange, "--exchange", typed_config().exchange,
                                    "MIKO_EXCHANGE", stored_config().exchange)) {
      settings.connection.exchange = exchange->text;
    }
    settings.connection.login_method = config_value(&NamekoConfig::login_method);
    settings.connection.heartbeat = config_value(&NamekoConfig::heartbeat);
    settings.connection.careful = typed_.careful;
    if (typed_.reply_size_max) {
      settings.connection.reply_size_max = parse_size(*typed_.reply_size_max);
    }
    return settings;
  }

 private:
  /// Which level the broker's URI came from: its parts are overridden from that level upwards.
  enum class Level { typed, environment, stored };

  std::optional<Given> variable(const char* name) const {
    std::optional<std::string> value = environment_(name);
    // An empty variable counts as unset, as in most tools.
    if (!value || value->empty()) {
      return std::nullopt;
    }
    return Given{.text = std::move(*value), .origin = name};
  }

  std::optional<Given> given(const std::optional<std::string>& option, const char* option_name,
                             const char* variable_name) const {
    if (option) {
      return Given{.text = *option, .origin = option_name};
    }
    return variable(variable_name);
  }

  std::optional<Given> first(const std::optional<std::string>& option, const char* option_name,
                             const std::optional<std::string>& typed_config,
                             const char* variable_name,
                             const std::optional<std::string>& stored_config) const {
    if (option) {
      return Given{.text = *option, .origin = option_name};
    }
    if (typed_config) {
      return Given{.text = *typed_config, .origin = "--config"};
    }
    if (auto value = variable(variable_name)) {
      return value;
    }
    if (stored_config) {
      return Given{.text = *stored_config, .origin = "MIKO_CONFIG"};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::chrono::nanoseconds choose_timeout() const {
    const Given timeout = given(typed_.timeout, "--timeout", "MIKO_TIMEOUT")
                              .value_or(Given{.text = "5s", .origin = "timeout"});
    return from(timeout, [&] { return parse_duration(timeout.origin, timeout.text); });
  }

  NamekoConfig read_config(const std::optional<std::string>& file) {
    return file ? read_nameko_config(*file, environment_, input_) : NamekoConfig();
  }

  const NamekoConfig& typed_config() {
    if (!typed_config_) {
      typed_config_ = read_config(typed_.config);
    }
    return *typed_config_;
  }

  const NamekoConfig& stored_config() {
    if (!stored_config_) {
      const std::optional<Given> file = variable("MIKO_CONFIG");
      stored_config_ =
          read_config(file && !typed_.config ? std::optional(file->text) : std::nullopt);
    }
    return *stored_config_;
  }

  template <class T>
  std::optional<T> config_value(std::optional<T> NamekoConfig::*member) {
    return typed_config().*member ? typed_config().*member : stored_config().*member;
  }

  void choose_broker(Options& options) {
    std::optional<Given> broker = first(typed_.broker, "--broker", typed_config().broker,
                                        "MIKO_BROKER", stored_config().broker);
    for (const char* name : {"AMQP_URI", "AMQP_URL"}) {
      if (!broker) {
        broker = variable(name);
      }
    }
    if (!broker) {
      level_ = Level::stored;
      return;
    }
    const bool typed = broker->origin.starts_with("--");
    level_ = typed ? Level::typed
                   : (broker->origin == "MIKO_BROKER" ? Level::environment : Level::stored);
    try {
      check_broker_uri(broker->text);
    } catch (const Error& error) {
      // The text shows no password, and which part is wrong helps.
      throw usage_error(fmt::format("{}: {}", broker->origin, error.what()), error.failure().hint);
    }
    options.broker = broker->text;
  }

  /// A part that was typed always counts, one from the environment unless the URI was typed.
  std::optional<Given> part(const std::optional<std::string>& option, const char* option_name,
                            const char* variable_name) const {
    if (option || level_ == Level::typed) {
      return option ? std::optional(Given{.text = *option, .origin = option_name}) : std::nullopt;
    }
    return variable(variable_name);
  }

  void override_parts(Options& options) const {
    const auto text = [](std::optional<Given> value) {
      return value ? std::optional(std::move(value->text)) : std::nullopt;
    };
    options.host = text(part(typed_.host, "--host", "MIKO_HOST"));
    if (options.host && options.host->empty()) {
      throw usage_error("--host is empty");
    }
    if (const auto port = part(typed_.port, "--port", "MIKO_PORT")) {
      options.port = from(*port, [&] { return parse_port(*port); });
    }
    options.vhost = text(part(typed_.vhost, "--vhost", "MIKO_VHOST"));
    options.user = text(part(typed_.user, "--user", "MIKO_USER"));
    if (typed_.password && typed_.password_file) {
      throw usage_error("--password and --password-file are both given");
    }
    if (typed_.password_file) {
      options.password = read_password_file(*typed_.password_file);
    } else {
      options.password = text(part(typed_.password, "--password", "MIKO_PASSWORD"));
      options.password_if_missing = text(variable("MIKO_PASSWORD"));
    }
  }

  void choose_tls(Options& options) {
    // What a stored configuration says of TLS belongs to the broker it names, not to another.
    const NamekoConfig& stored = level_ == Level::stored ? stored_config() : no_config_;
    options.tls = typed_.tls || typed_config().tls || stored.tls;
    const auto choose = [this, &stored](const std::optional<std::string>& option, const char* name,
                                        const char* variable_name,
                                        std::optional<std::string> NamekoConfig::*member) {
      const auto value = first(option, name, typed_config().*member, variable_name, stored.*member);
      return value ? std::optional(value->text) : std::nullopt;
    };
    options.ca_file = choose(typed_.ca_file, "--cacert", "MIKO_CACERT", &NamekoConfig::ca_file);
    options.certificate =
        choose(typed_.certificate, "--cert", "MIKO_CERT", &NamekoConfig::certificate);
    options.key = choose(typed_.key, "--key", "MIKO_KEY", &NamekoConfig::key);
    options.server_name =
        choose(typed_.server_name, "--servername", "MIKO_SERVERNAME", &NamekoConfig::server_name);
    options.insecure = typed_.insecure || typed_config().insecure || stored.insecure;
  }

  static std::uint16_t parse_port(const Given& given) {
    std::uint16_t port = 0;
    const char* const end = given.text.data() + given.text.size();
    const auto [stop, error] = std::from_chars(given.text.data(), end, port);
    if (error != std::errc() || stop != end || port == 0) {
      throw usage_error(fmt::format("{} is not a port from 1 to 65535", given.origin));
    }
    return port;
  }

  static std::uint64_t parse_size(const std::string& text) {
    std::uint64_t size = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, size);
    const std::string_view unit(stop, static_cast<std::size_t>(end - stop));
    const std::uint64_t factor = unit.empty()    ? 1
                                 : unit == "KiB" ? 1024
                                 : unit == "MiB" ? 1024 * 1024
                                 : unit == "GiB" ? 1024 * 1024 * 1024
                                                 : 0;
    constexpr std::uint64_t size_max = 4ULL * 1024 * 1024 * 1024;
    if (error != std::errc() || size == 0 || factor == 0 || size > size_max / factor) {
      throw usage_error("--max-reply-size is not a size from 1 to 4GiB",
                        "write it like 1000000, 512KiB or 64MiB");
    }
    return size * factor;
  }

  const TypedOptions& typed_;
  const Environment& environment_;
  std::chrono::nanoseconds timeout_;
  FileInput input_;
  std::optional<NamekoConfig> typed_config_ = std::nullopt;
  std::optional<NamekoConfig> stored_config_ = std::nullopt;
  Level level_ = Level::stored;
  const NamekoConfig no_config_ = {};
};

bool is_among(OutputFormat format, std::span<const OutputFormat> formats) {
  return formats.empty() || std::find(formats.begin(), formats.end(), format) != formats.end();
}

OutputFormat parse_format(std::string_view text, std::span<const OutputFormat> formats) {
  std::string names;
  for (const auto& [name, format] : output_formats) {
    if (!is_among(format, formats)) {
      continue;
    }
    if (text == name) {
      return format;
    }
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  }
  throw usage_error(fmt::format("no output format '{}' here", printable(shortened(text, 40))),
                    "there are " + names);
}

/// What MIKO_OUTPUT says, if it is something that the command has.
std::optional<OutputFormat> stored_format(const std::string& text,
                                          std::span<const OutputFormat> formats) {
  try {
    const OutputFormat format = parse_format(text, {});
    return is_among(format, formats) ? std::optional(format) : std::nullopt;
  } catch (const Error& error) {
    throw usage_error("the environment variable MIKO_OUTPUT has a bad value", error.failure().hint);
  }
}

}  // namespace

Settings resolve_settings(const TypedOptions& typed, const Environment& environment,
                          const Loop& loop, Clock::time_point started) {
  return Resolver(typed, environment, loop, started).resolve();
}

OutputOptions resolve_output(const TypedOptions& typed, const Environment& environment,
                             std::span<const OutputFormat> formats) {
  const auto set = [&environment](const char* name) {
    const std::optional<std::string> value = environment(name);
    return value && !value->empty();
  };
  OutputOptions options = {.stdout_is_terminal = ::isatty(STDOUT_FILENO) != 0,
                           .stderr_is_terminal = ::isatty(STDERR_FILENO) != 0,
                           .quiet = typed.quiet,
                           .verbose = typed.verbose};
  options.format = options.stdout_is_terminal ? OutputFormat::pretty : OutputFormat::json;
  if (typed.output) {
    options.format = parse_format(*typed.output, formats);
  } else if (set("MIKO_OUTPUT")) {
    options.format = stored_format(*environment("MIKO_OUTPUT"), formats).value_or(options.format);
  }
  const std::string colour = typed.colour.value_or("auto");
  if (colour != "auto" && colour != "always" && colour != "never") {
    throw usage_error("--color is not auto, always or never");
  }
  const bool dumb = environment("TERM").value_or("") == "dumb";
  const bool forced = colour == "always" || (colour == "auto" && set("CLICOLOR_FORCE"));
  const bool barred = colour == "never" || (colour == "auto" && (set("NO_COLOR") || dumb));
  options.stdout_colour = forced || (options.stdout_is_terminal && !barred);
  options.stderr_colour = forced || (options.stderr_is_terminal && !barred);
  return options;
}

}  // namespace miko::cli
