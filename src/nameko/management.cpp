#include "nameko/management.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/http.h"
#include "base/loop.h"
#include "base/text.h"
#include "nameko/endpoints.h"

namespace miko {
namespace {

constexpr std::uint16_t http_port = 15672;
constexpr std::uint16_t https_port = 15671;
constexpr std::string_view what_still_works =
    "the plugin rabbitmq_management, or --management URL; where services are named, this works "
    "without";

/// Everything but letters, digits, '-', '.', '_' and '~' as %XX.
std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    encoded += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string in_url(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

struct Management::State {
  State(const Options& options, const std::optional<std::string>& url)
      : State(options, url, nameko::endpoints(options).front()) {}

  State(const Options& options, const std::optional<std::string>& url,
        const amqp::Endpoint& endpoint)
      : loop(options.interrupt_fd),
        exchange(options.exchange),
        vhost(percent_encoded(endpoint.vhost)),
        base(url ? own_url(*url) : derived_url(endpoint)),
        http(loop, http_options(endpoint, !url)) {
    const bool plain = base.starts_with("http://");
    if (plain &&
        (url ? base.find("://localhost") == std::string::npos &&
                   base.find("://127.") == std::string::npos
             : !is_loopback(endpoint.host)) &&
        options.trace) {
      options.trace("plain", fmt::format("user and password go to {} without TLS", shown()));
    }
  }

  static std::string own_url(std::string url) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
      throw usage_error("--management is no http:// or https:// URL",
                        "such as http://rabbit.example.com:15672");
    }
    if (url.find('@') != std::string::npos) {
      throw usage_error("--management has a user in its URL",
                        "user and password are the broker's: --user, --password-file");
    }
    while (url.ends_with('/')) {
      url.pop_back();
    }
    return url;
  }

  static std::string derived_url(const amqp::Endpoint& endpoint) {
    const amqp::TlsOptions& tls = endpoint.tls_options;
    const std::string& name = tls.server_name.empty() ? endpoint.host : tls.server_name;
    return endpoint.tls ? fmt::format("https://{}:{}", in_url(name), https_port)
                        : fmt::format("http://{}:{}", in_url(endpoint.host), http_port);
  }

  static HttpOptions http_options(const amqp::Endpoint& endpoint, bool derived) {
    const amqp::TlsOptions& tls = endpoint.tls_options;
    const bool renamed = derived && endpoint.tls && !tls.server_name.empty();
    return {.user = endpoint.user,
            .password = endpoint.password.value_or(""),
            .ca_file = tls.ca_file,
            .certificate = tls.certificate,
            .key = tls.key,
            .verify = tls.verify,
            .connect_to = renamed ? fmt::format("{}:{}", in_url(endpoint.host), https_port) : ""};
  }

  [[nodiscard]] std::string shown() const { return printable(shortened(base, 100)); }

  std::string get(std::string_view what, std::string_view columns, Clock::time_point until) {
    return get(fmt::format("{}/{}?columns={}", what, vhost, columns), until);
  }

  std::string get(const std::string& path, Clock::time_point until) {
    HttpResponse response;
    try {
      response = http.get(fmt::format("{}/api/{}", base, path), until);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) {
        throw;
      }
      const std::string_view hint = error.kind() == ErrorKind::denied
                                        ? "--cacert FILE names the authority to trust"
                                        : what_still_works;
      throw Error(
          {.kind = error.kind(),
           .message = fmt::format("no management API at {}: {}", shown(), error.what()),
           .hint = error.failure().hint.empty() ? std::string(hint) : error.failure().hint});
    }
    constexpr long ok = 200;
    constexpr long unauthorised = 401;
    constexpr long forbidden = 403;
    if (response.status == unauthorised || response.status == forbidden) {
      throw Error({.kind = ErrorKind::denied,
                   .message = fmt::format("the management API at {} refuses this user", shown()),
                   .hint = "rabbitmqctl set_user_tags USER monitoring; where services are named, "
                           "this works without"});
    }
    if (response.status != ok) {
      throw Error({.kind = ErrorKind::unreachable,
                   .message = fmt::format("{} answers {}, not as a management API of this vhost",
                                          shown(), response.status),
                   .hint = std::string(what_still_works)});
    }
    return std::move(response.body);
  }

  Loop loop;
  std::string exchange;
  std::string vhost;
  std::string base;  ///< without a slash at its end
  Http http;
};

Management::Management(const Options& options, const std::optional<std::string>& url)
    : state_(std::make_unique<State>(options, url)) {}
Management::~Management() = default;

Overview Management::overview(Clock::time_point until) {
  const std::string queues =
      state_->get("queues",
                  "name,consumers,messages_ready,messages_unacknowledged,"
                  "message_stats.publish_details.rate,message_stats.deliver_get_details.rate",
                  until);
  const std::string consumers = state_->get(
      "consumers", "queue.name,prefetch_count,channel_details.peer_host,channel_details.peer_port",
      until);
  const std::string bindings = state_->get("bindings", "source,destination,routing_key", until);
  return read_overview(state_->exchange, queues, consumers, bindings);
}

std::vector<std::string> Management::service_names(Clock::time_point until) {
  return read_service_names(
      state_->get(fmt::format("exchanges/{}/{}/bindings/source?columns=destination,routing_key",
                              state_->vhost, percent_encoded(state_->exchange)),
                  until));
}

}  // namespace miko
