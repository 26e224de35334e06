// Broker URIs, several and overridden. Input: the URIs, then options of the command line as
// NAME=VALUE, all ended by NUL. "hunter2" in the place of a password must not be seen again.

#include <charconv>

#include "amqp/uri.h"
#include "fuzz/fuzz.h"
#include "nameko/endpoints.h"

namespace miko::fuzz {
namespace {

/// Where this stands in a password it is a secret. Any other text might be found in a message by
/// chance, or because the fuzzer put the message into the password.
constexpr std::string_view secret = "hunter2";

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const std::string_view digits = text.substr(std::min(i + 1, text.size()), 2);
    if (text[i] == '%' && digits.size() == 2 &&
        std::from_chars(digits.data(), digits.data() + 2, value, 16).ptr == digits.data() + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// What stands where a password stands: from the ':' behind the user to the last '@'.
std::string_view password_of(std::string_view uri) {
  const std::size_t scheme_end = uri.find("://");
  const std::size_t start = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::size_t at = uri.rfind('@');
  const std::size_t colon = uri.find(':', start);
  return at == std::string_view::npos || colon == std::string_view::npos || colon > at
             ? std::string_view()
             : uri.substr(colon + 1, at - colon - 1);
}

/// Whether the secret stands in the password of one of the URIs.
bool password_is_secret(std::string_view uris) {
  // A password may contain a ';' that should have been written %3B.
  const bool one = uris.find("://") == uris.rfind("://") && uris.find('@') == uris.rfind('@');
  bool found = one && contains(percent_decoded(password_of(uris)), secret);
  while (!uris.empty() && !found) {
    const std::string_view uri = uris.substr(0, uris.find(';'));
    found = contains(percent_decoded(password_of(uri)), secret);
    uris.remove_prefix(std::min(uri.size() + 1, uris.size()));
  }
  return found;
}

/// Whether no message may contain the secret: it stands in a password and nowhere else.
bool is_secret(std::string_view uris, std::string_view whole_input) {
  const std::string decoded = percent_decoded(whole_input);
  return decoded.find(secret) == decoded.rfind(secret) && password_is_secret(uris);
}

template <class Run>
bool keeps_the_secret(bool is_secret, const Run& run) {
  return succeeds_or_is_usage_error([&] {
    try {
      run();
    } catch (const Error& error) {
      const Failure& failure = error.failure();
      require(!is_secret || !contains(failure.message + failure.hint, secret),
              "a password is shown", failure.message);
      throw;
    }
  });
}

void set_option(Options& options, std::string_view name, const std::string& value) {
  if (name == "host") {
    options.host = value;
  } else if (name == "port") {
    options.port = static_cast<std::uint16_t>(value.size());
  } else if (name == "vhost") {
    options.vhost = value;
  } else if (name == "user") {
    options.user = value;
  } else if (name == "password") {
    options.password = value;
  } else if (name == "password_if_missing") {
    options.password_if_missing = value;
  } else if (name == "login_method") {
    options.login_method = value;
  } else if (name == "heartbeat") {
    options.heartbeat = std::chrono::seconds(value.size());
  } else if (name == "tls") {
    options.tls = true;
  }
}

void check_endpoint(const amqp::Endpoint& endpoint) {
  require_showable("an address", endpoint.address());
  require(endpoint.effective_port() != 0, "port 0");
  require(endpoint.vhost.size() <= 255, "a vhost that does not fit", endpoint.vhost);
  require(endpoint.heartbeat.value_or(std::chrono::seconds(0)).count() <= 65535,
          "a heartbeat that does not fit");
  for (const std::string& text : {endpoint.host, endpoint.vhost, endpoint.user}) {
    require(text.find('\0') == std::string::npos, "a NUL in a name", text);
  }
}

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko;
  fuzz::Input input(data, size);
  const std::string_view whole_input = fuzz::Input(data, size).take_rest();
  Options options = {.broker = std::string(input.take_until('\0'))};
  const std::string& uris = options.broker;
  const bool is_secret = fuzz::is_secret(uris, whole_input);

  std::vector<amqp::Endpoint> parsed;
  if (!fuzz::keeps_the_secret(is_secret, [&] { parsed = amqp::parse_broker_uris(uris); })) {
    return 0;
  }
  fuzz::require(!parsed.empty() && parsed.size() <= 64, "so many endpoints");
  for (const amqp::Endpoint& endpoint : parsed) {
    fuzz::check_endpoint(endpoint);
  }

  while (!input.empty()) {
    const std::string word(input.take_until('\0'));
    const std::size_t equals = std::min(word.find('='), word.size());
    fuzz::set_option(options, word.substr(0, equals),
                     word.substr(std::min(equals + 1, word.size())));
  }
  std::vector<amqp::Endpoint> chosen;
  if (fuzz::keeps_the_secret(is_secret, [&] { chosen = nameko::endpoints(options); })) {
    fuzz::require(chosen.size() == parsed.size(), "endpoints appear or get lost");
    for (const amqp::Endpoint& endpoint : chosen) {
      fuzz::require(endpoint.password || endpoint.login_method == "EXTERNAL",
                    "a login without password");
    }
  }
  return 0;
}
