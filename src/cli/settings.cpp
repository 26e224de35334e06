#include "cli/settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "cli/count.h"
#include "cli/file_input.h"
#include "cli/secret.h"

namespace miko::cli {
namespace {

/// Turns what the sources say into values.
class Resolver {
 public:
  Resolver(const TypedOptions& typed, const Environment& environment, const Loop& loop,
           Clock::time_point started)
      : typed_(typed),
        environment_(environment),
        loop_(loop),
        sources_(typed, environment, loop, started),
        timeout_(sources_.timeout()),
        until_(started + timeout_) {}

  Settings resolve() {
    Settings settings = {.timeout = timeout_, .management = text(Key::management)};
    Options& options = settings.connection;
    options.timeout = timeout_;
    choose_broker(options);
    choose_password(options);
    options.exchange = text(Key::exchange).value_or(options.exchange);
    options.login_method = text(Key::login_method);
    if (const auto heartbeat = text(Key::heartbeat)) {
      options.heartbeat = std::chrono::seconds(std::stoi(*heartbeat));
    }
    options.tls = text(Key::tls).has_value();
    options.ca_file = text(Key::ca_file);
    options.certificate = text(Key::certificate);
    options.key = text(Key::key);
    options.server_name = text(Key::server_name);
    options.insecure = text(Key::insecure).has_value();
    options.careful = typed_.careful;
    if (typed_.reply_size_max) {
      options.reply_size_max = parse_size(*typed_.reply_size_max);
    }
    return settings;
  }

 private:
  [[nodiscard]] std::optional<std::string> text(Key key) const {
    std::optional<Given> given = sources_.find(key);
    return given ? std::optional(std::move(given->text)) : std::nullopt;
  }

  void choose_broker(Options& options) const {
    if (const auto broker = sources_.find(Key::broker)) {
      try {
        check_broker_uri(broker->text);
      } catch (const Error& error) {
        // The text shows no password, and which part is wrong helps.
        throw usage_error(fmt::format("{}: {}", broker->origin, error.what()),
                          error.failure().hint);
      }
      options.broker = broker->text;
    }
    options.host = text(Key::host);
    if (options.host && options.host->empty()) {
      throw usage_error("--host is empty");
    }
    if (const auto port = sources_.find(Key::port)) {
      try {
        options.port = parse_port(port->origin, port->text);
      } catch (const Error& error) {
        throw complaint(*port, error);
      }
    }
    options.vhost = text(Key::vhost);
    options.user = text(Key::user);
  }

  void choose_password(Options& options) const {
    if (const auto password = sources_.find(Key::password)) {
      options.password = password_of(*password);
    }
    if (const auto fallback = sources_.password_if_missing()) {
      options.password_if_missing = fallback->text;
    }
  }

  [[nodiscard]] std::string password_of(const Given& given) const {
    switch (given.form) {
      case Given::Form::text:
        break;
      case Given::Form::file:
        return read_password_file(given.text);
      case Given::Form::reference:
        try {
          return resolve_secret(parse_secret_reference(given.text), environment_, loop_, until_);
        } catch (const Error& error) {
          if (error.kind() != ErrorKind::usage) {
            throw;
          }
          throw usage_error(fmt::format("{}: {}", given.origin, error.what()),
                            error.failure().hint);
        }
    }
    return given.text;
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
  const Loop& loop_;
  Sources sources_;
  std::chrono::nanoseconds timeout_;
  Clock::time_point until_;
};

struct NamedKey {
  Key key;
  std::string_view name;
};

constexpr NamedKey named_keys[] = {
    {Key::broker, "broker"},
    {Key::host, "host"},
    {Key::port, "port"},
    {Key::vhost, "vhost"},
    {Key::user, "user"},
    {Key::password, "password"},
    {Key::exchange, "exchange"},
    {Key::management, "management"},
    {Key::tls, "tls"},
    {Key::ca_file, "cacert"},
    {Key::certificate, "cert"},
    {Key::key, "key"},
    {Key::server_name, "servername"},
    {Key::insecure, "insecure"},
    {Key::login_method, "login_method"},
    {Key::heartbeat, "heartbeat"},
    {Key::timeout, "timeout"},
};

std::string shown_value(Key key, const Given& given) {
  if (key == Key::broker) {
    return with_masked_passwords(given.text);
  }
  if (key != Key::password || given.form == Given::Form::file) {
    return given.text;
  }
  return given.form == Given::Form::reference ? parse_secret_reference(given.text).shown()
                                              : std::string(masked);
}

std::optional<std::string> default_of(Key key) {
  switch (key) {
    case Key::broker:
      return Options().broker;
    case Key::exchange:
      return Options().exchange;
    case Key::timeout:
      return TypedOptions().timeout_default;
    default:
      return std::nullopt;
  }
}

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

std::vector<EffectiveSetting> effective_settings(const TypedOptions& typed,
                                                 const Environment& environment, const Loop& loop,
                                                 Clock::time_point started) {
  const Sources sources(typed, environment, loop, started);
  std::vector<EffectiveSetting> settings;
  for (const NamedKey& one : named_keys) {
    std::optional<Given> given = sources.find(one.key);
    if (!given) {
      if (std::optional<std::string> usual = default_of(one.key)) {
        given = {.text = std::move(*usual), .origin = "default"};
      }
    }
    if (given) {
      settings.push_back({.name = one.name,
                          .value = shown_value(one.key, *given),
                          .origin = std::move(given->origin)});
    }
  }
  return settings;
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
