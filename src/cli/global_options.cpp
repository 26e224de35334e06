#include "cli/global_options.h"

#include <CLI/CLI.hpp>

#include "base/error.h"

namespace miko::cli {

void add_global_options(CLI::App& app, TypedOptions& typed) {
  const auto text = [&app](const char* name, std::optional<std::string>& value, const char* what,
                           const char* help, const char* group) {
    app.add_option(name, value, help)->option_text(what)->group(group);
  };
  constexpr auto broker = "Broker";
  text("-b,--broker", typed.broker, "URI",
       "amqp://USER:PASSWORD@HOST:PORT/VHOST, amqps:// with TLS; several separated by ';' are "
       "tried in order",
       broker);
  text("--host", typed.host, "HOST", "Broker's host [localhost]", broker);
  text("--port", typed.port, "PORT", "Broker's port [5672, with TLS 5671]", broker);
  text("--vhost", typed.vhost, "NAME", "Virtual host [/]", broker);
  text("--user", typed.user, "NAME", "User [guest]", broker);
  text("--password-file", typed.password_file, "FILE",
       "File with the password, readable by its owner only", broker);
  text("--password", typed.password, "TEXT", "Password; others may see it while miko starts",
       broker);
  text("--exchange", typed.exchange, "NAME", "Nameko's rpc_exchange [nameko-rpc]", broker);
  text("--management", typed.management, "URL",
       "Management API [http://HOST:15672, with TLS https://HOST:15671]", broker);
  text("-c,--config", typed.config, "FILE", "Nameko config.yaml to take the broker from", broker);
  text("--context", typed.context, "NAME", "Connection that miko context add keeps; - for none",
       broker);
  app.add_flag("--careful", typed.careful,
               "Log in step by step instead of in one flight: two round trips more")
      ->group(broker);
  constexpr auto tls = "TLS";
  app.add_flag("--tls", typed.tls, "Use TLS, as amqps:// does")->group(tls);
  text("--cacert", typed.ca_file, "FILE", "Authorities to trust [the system's]", tls);
  text("--cert", typed.certificate, "FILE", "Client certificate", tls);
  text("--key", typed.key, "FILE", "Key of the client certificate, not encrypted", tls);
  text("--servername", typed.server_name, "NAME", "Name to expect in the certificate [the host]",
       tls);
  app.add_flag("--insecure", typed.insecure, "Accept any certificate")->group(tls);
  constexpr auto general = "General";
  text("--timeout", typed.timeout, "DURATION",
       "Limit for the whole command, connecting included: 250ms, 5s, 1m30s [5s]", general);
  text("-o,--output", typed.output, "FORMAT",
       "json, pretty, raw, envelope, none or csv [pretty on a terminal, else json]", general);
  text("--max-reply-size", typed.reply_size_max, "SIZE", "Largest reply taken [128MiB]", general);
  text("--color", typed.colour, "WHEN", "auto, always or never [auto]", general);
  app.add_flag("-q,--quiet", typed.quiet, "Print no warnings")->group(general);
  app.add_flag("-v,--verbose", typed.verbose, "Print each step with its time")->group(general);
}

TypedOptions global_options_among(const std::vector<std::string>& words) {
  TypedOptions typed;
  CLI::App line;
  line.set_help_flag();
  line.allow_extras();
  add_global_options(line, typed);
  // CLI11 takes them from the end.
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    line.parse(reversed);
  } catch (const CLI::ParseError&) {
    throw usage_error("a mistake among the words");
  }
  return typed;
}

}  // namespace miko::cli
