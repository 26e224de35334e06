#include "nameko/endpoints.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace miko::nameko {
namespace {

template <class To, class From>
void override_with(To& part, const std::optional<From>& value) {
  if (value) {
    part = *value;
  }
}

void choose_login(amqp::Endpoint& endpoint, const Options& options) {
  if (options.user && *options.user != endpoint.user) {
    // The password in the URI is somebody else's.
    endpoint.user = *options.user;
    endpoint.password.reset();
  }
  override_with(endpoint.password, options.password);
  if (!endpoint.password) {
    endpoint.password = options.password_if_missing;
  }
  override_with(endpoint.login_method, options.login_method);
  const std::string& method = endpoint.login_method;
  if (!method.empty() && !amqp::is_known_login_method(method)) {
    throw usage_error(fmt::format("unknown login method '{}'", printable(shortened(method, 40))),
                      "PLAIN, AMQPLAIN and EXTERNAL are known");
  }
  if (!endpoint.password && method != "EXTERNAL") {
    if (endpoint.user != "guest") {
      throw usage_error(fmt::format("no password for user '{}'", printable(endpoint.user)),
                        "give one with --password-file, MIKO_PASSWORD or in the broker URI");
    }
    endpoint.password = "guest";
  }
}

void choose_tls(amqp::Endpoint& endpoint, const Options& options) {
  endpoint.tls = endpoint.tls || options.tls;
  override_with(endpoint.tls_options.ca_file, options.ca_file);
  override_with(endpoint.tls_options.certificate, options.certificate);
  override_with(endpoint.tls_options.key, options.key);
  override_with(endpoint.tls_options.server_name, options.server_name);
  if (options.insecure) {
    endpoint.tls_options.verify = false;
  }
}

}  // namespace

std::vector<amqp::Endpoint> endpoints(const Options& options) {
  constexpr std::chrono::seconds heartbeat_max{65535};
  if (options.heartbeat && (options.heartbeat->count() < 0 || *options.heartbeat > heartbeat_max)) {
    throw usage_error("the heartbeat is not from 0 to 65535 seconds");
  }
  if (options.vhost && options.vhost->size() > 255) {
    throw usage_error("the vhost has more than 255 bytes");
  }
  std::vector<amqp::Endpoint> endpoints = amqp::parse_broker_uris(options.broker);
  for (amqp::Endpoint& endpoint : endpoints) {
    override_with(endpoint.host, options.host);
    override_with(endpoint.port, options.port);
    override_with(endpoint.vhost, options.vhost);
    override_with(endpoint.heartbeat, options.heartbeat);
    choose_login(endpoint, options);
    choose_tls(endpoint, options);
  }
  return endpoints;
}

amqp::ConnectionOptions connection_options(const Options& options) {
  if (options.exchange.empty() || options.exchange.size() > 255) {
    throw usage_error("the exchange name is empty or has more than 255 bytes");
  }
  amqp::ConnectionOptions result = {
      .endpoints = endpoints(options),
      .pace = options.careful ? amqp::Pace::careful : amqp::Pace::optimistic,
      .body_size_max = options.reply_size_max};
  if (options.trace) {
    result.trace = options.trace;
  }
  return result;
}

}  // namespace miko::nameko
