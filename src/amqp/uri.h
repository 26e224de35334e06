#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace miko::amqp {

/// How to trust a broker and to be trusted by it. Files are PEM.
struct TlsOptions {
  std::string ca_file = {};      ///< empty: the system's certificate authorities
  std::string certificate = {};  ///< client certificate; empty for none
  std::string key = {};          ///< its private key; empty: in the same file
  std::string server_name = {};  ///< the name to expect; empty: the host connected to
  bool verify = true;
  bool check_name = true;
};

/// One broker and how to log in to it.
struct Endpoint {
  std::string host = "localhost";
  std::uint16_t port = 0;  ///< 0: 5672, or 5671 with TLS
  std::string vhost = "/";
  std::string user = "guest";
  std::optional<std::string> password = std::nullopt;
  std::string login_method = {};  ///< PLAIN, AMQPLAIN or EXTERNAL; empty: PLAIN
  std::optional<std::chrono::seconds> heartbeat = std::nullopt;
  bool tls = false;
  TlsOptions tls_options = {};

  [[nodiscard]] std::uint16_t effective_port() const;

  /// "HOST:PORT", with brackets around an IPv6 address. Never user or password.
  [[nodiscard]] std::string address() const;
};

/// PLAIN, AMQPLAIN and EXTERNAL.
[[nodiscard]] bool is_known_login_method(std::string_view method);

/// Reads one or several broker URIs separated by ';' as kombu, and so Nameko, reads them:
/// amqp:// and pyamqp:// alike, amqps:// with TLS, a missing or empty path is the vhost "/".
/// Unlike kombu it does not make up a password for a user who was named without one.
/// Throws Error{usage}; the message never contains a password.
[[nodiscard]] std::vector<Endpoint> parse_broker_uris(std::string_view text);

}  // namespace miko::amqp
