#include "amqp/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace miko::amqp {
namespace {

constexpr std::size_t uri_count_max = 64;

/// Reads one URI; knows its text for error messages.
class UriReader {
 public:
  explicit UriReader(std::string_view text) : text_(text) {}

  Endpoint read() {
    const std::size_t scheme_end = text_.find("://");
    if (scheme_end == std::string_view::npos) {
      throw fail("it has no scheme", "write amqp://HOST or amqps://HOST");
    }
    read_scheme(text_.substr(0, scheme_end));
    std::string_view rest = text_.substr(scheme_end + 3);
    rest = rest.substr(0, rest.find('#'));
    const std::size_t query = rest.find('?');
    if (query != std::string_view::npos) {
      read_query(rest.substr(query + 1));
      rest = rest.substr(0, query);
    }
    const std::size_t path = rest.find('/');
    if (path != std::string_view::npos) {
      read_vhost(rest.substr(path + 1));
      rest = rest.substr(0, path);
    }
    read_authority(rest);
    return std::move(endpoint_);
  }

 private:
  [[nodiscard]] Error fail(std::string_view why, std::string hint = {}) const {
    return usage_error(fmt::format("bad broker URI '{}': {}",
                                   printable(shortened(without_userinfo(text_), 100)), why),
                       std::move(hint));
  }

  void read_scheme(std::string_view text) {
    const std::string scheme = lower(std::string(text));
    if (scheme == "amqps") {
      endpoint_.tls = true;
    } else if (scheme != "amqp" && scheme != "pyamqp") {
      throw fail("the scheme is not amqp, pyamqp or amqps");
    }
  }

  void read_vhost(std::string_view path) {
    const std::string vhost = decode(path);
    if (vhost.size() > 255) {
      throw fail("the vhost has more than 255 bytes");
    }
    endpoint_.vhost = vhost.empty() ? "/" : vhost;
  }

  void read_authority(std::string_view authority) {
    const std::size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
      const std::string_view userinfo = authority.substr(0, at);
      authority.remove_prefix(at + 1);
      if (userinfo.find('@') != std::string_view::npos) {
        throw fail("it has two @", "write %40 for an @ in the user name or the password");
      }
      const std::size_t colon = userinfo.find(':');
      if (const std::string user = decode(userinfo.substr(0, colon)); !user.empty()) {
        endpoint_.user = user;
      }
      if (colon != std::string_view::npos) {
        endpoint_.password = decode(userinfo.substr(colon + 1));
      }
    }
    read_host_and_port(authority);
  }

  void read_host_and_port(std::string_view text) {
    std::string_view port;
    if (text.starts_with('[')) {
      const std::size_t bracket = text.find(']');
      if (bracket == std::string_view::npos) {
        throw fail("'[' without ']'");
      }
      endpoint_.host = text.substr(1, bracket - 1);
      text.remove_prefix(bracket + 1);
      if (!text.empty() && !text.starts_with(':')) {
        throw fail("expected ':' and a port after ']'");
      }
      port = text.empty() ? text : text.substr(1);
    } else {
      const std::size_t colon = text.find(':');
      if (const std::string host = decode(text.substr(0, colon)); !host.empty()) {
        endpoint_.host = host;
      }
      port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    }
    if (!port.empty()) {
      const char* const end = port.data() + port.size();
      const auto [stop, error] = std::from_chars(port.data(), end, endpoint_.port);
      if (error != std::errc() || stop != end || endpoint_.port == 0) {
        throw fail("the port is not a number from 1 to 65535",
                   "a ':', '/', '?' or '#' in a user name or password is written %3A, %2F, %3F, "
                   "%23");
      }
    }
  }

  void read_query(std::string_view query) {
    while (!query.empty()) {
      const std::string_view pair = query.substr(0, query.find('&'));
      query.remove_prefix(std::min(pair.size() + 1, query.size()));
      const std::size_t equals = std::min(pair.find('='), pair.size());
      read_parameter(decode(pair.substr(0, equals)),
                     decode(pair.substr(std::min(equals + 1, pair.size()))));
    }
  }

  /// kombu hands parameters on as connection arguments; those it knows and miko does not need
  /// change nothing here.
  void read_parameter(const std::string& name, const std::string& value) {
    if (name == "heartbeat") {
      endpoint_.heartbeat = read_seconds(value);
    } else if (name == "login_method") {
      if (!value.empty() && !is_known_login_method(value)) {
        // Not shown: with a '?' in a password this is where its rest ends up.
        throw fail("login_method is not PLAIN, AMQPLAIN or EXTERNAL");
      }
      endpoint_.login_method = value;
    } else if (name == "ssl") {
      endpoint_.tls = endpoint_.tls || lower(value) == "true" || value == "1";
    } else if (name.starts_with("ssl_")) {
      endpoint_.tls = true;
      read_tls_parameter(name.substr(4), value);
    }
  }

  void read_tls_parameter(const std::string& name, const std::string& value) {
    TlsOptions& tls = endpoint_.tls_options;
    if (name == "ca_certs") {
      tls.ca_file = value;
    } else if (name == "certfile") {
      tls.certificate = value;
    } else if (name == "keyfile") {
      tls.key = value;
    } else if (name == "server_hostname") {
      tls.server_name = value;
    } else if (name == "check_hostname") {
      tls.check_name = lower(value) != "false";
    } else if (name == "cert_reqs") {
      if (value != "CERT_REQUIRED" && value != "required" && value != "CERT_OPTIONAL" &&
          value != "optional" && value != "CERT_NONE" && value != "none") {
        throw fail("ssl_cert_reqs is not CERT_REQUIRED, CERT_OPTIONAL or CERT_NONE");
      }
      tls.verify = value != "CERT_NONE" && value != "none";
    }
  }

  [[nodiscard]] std::chrono::seconds read_seconds(const std::string& value) const {
    unsigned seconds = 0;
    const char* const end = value.data() + value.size();
    const auto [stop, error] = std::from_chars(value.data(), end, seconds);
    if (error != std::errc() || stop != end || seconds > 65535) {
      throw fail("heartbeat is not a number of seconds");
    }
    return std::chrono::seconds(seconds);
  }

  [[nodiscard]] std::string decode(std::string_view text) const {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out += text[i];
        continue;
      }
      unsigned value = 0;
      const std::string_view digits = text.substr(i + 1, 2);
      const auto [stop, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
      if (digits.size() != 2 || error != std::errc() || stop != digits.data() + 2) {
        throw fail("'%' is not followed by two hexadecimal digits", "write %25 for a '%'");
      }
      out += static_cast<char>(value);
      i += 2;
    }
    if (out.find('\0') != std::string::npos) {
      throw fail("it contains a NUL");
    }
    return out;
  }

  static std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
  }

  std::string_view text_;
  Endpoint endpoint_ = {};
};

}  // namespace

std::uint16_t Endpoint::effective_port() const {
  if (port != 0) {
    return port;
  }
  return tls ? 5671 : 5672;
}

std::string Endpoint::address() const {
  const std::string shown = printable(host);
  const bool ipv6 = shown.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", shown, ipv6 ? "]" : "", effective_port());
}

bool is_known_login_method(std::string_view method) {
  return method == "PLAIN" || method == "AMQPLAIN" || method == "EXTERNAL";
}

std::vector<Endpoint> parse_broker_uris(std::string_view text) {
  std::vector<Endpoint> endpoints;
  while (true) {
    const std::string_view uri = text.substr(0, text.find(';'));
    const std::size_t start = std::min(uri.find_first_not_of(" \t"), uri.size());
    const std::size_t end = uri.find_last_not_of(" \t") + 1;
    endpoints.push_back(UriReader(uri.substr(start, end - start)).read());
    if (uri.size() == text.size()) {
      return endpoints;
    }
    if (endpoints.size() == uri_count_max) {
      throw usage_error(fmt::format("more than {} broker URIs", uri_count_max));
    }
    text.remove_prefix(uri.size() + 1);
  }
}

}  // namespace miko::amqp
