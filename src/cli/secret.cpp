#include "cli/secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "cli/command_output.h"
#include "cli/file_input.h"

namespace miko::cli {
namespace {

using Source = SecretReference::Source;

constexpr std::pair<std::string_view, Source> prefixes[] = {
    {"env:", Source::environment},
    {"file:", Source::file},
    {"cmd:", Source::command},
    {"text:", Source::text},
};

/// "USER:PASSWORD" of one URI, empty if it names no user.
std::string_view userinfo_of(std::string_view uri) {
  const std::size_t scheme_end = uri.find("://");
  uri.remove_prefix(scheme_end == std::string_view::npos ? 0 : scheme_end + 3);
  uri = uri.substr(0, uri.find_first_of("/?#"));
  const std::size_t at = uri.rfind('@');
  return uri.substr(0, at == std::string_view::npos ? 0 : at);
}

/// Takes the first of several URIs off the front.
std::string_view take_uri(std::string_view& uris) {
  const std::string_view uri = uris.substr(0, uris.find(';'));
  uris.remove_prefix(std::min(uri.size() + 1, uris.size()));
  return uri;
}

Error no_password(const SecretReference& reference, std::string_view why) {
  return usage_error(fmt::format("no password from '{}': {}", reference.shown(), why));
}

std::string from_environment(const SecretReference& reference, const Environment& environment) {
  std::string value = environment(reference.value).value_or("");
  if (value.empty()) {
    throw no_password(reference, "the variable is not set");
  }
  return value;
}

std::string from_command(const SecretReference& reference, const Loop& loop,
                         Clock::time_point until) {
  const CommandOutput output = run_command(reference.value, password_size_max, loop, until);
  if (output.too_slow) {
    throw no_password(reference, "the command did not end in time");
  }
  if (output.too_long) {
    throw no_password(reference,
                      fmt::format("the command printed more than {} bytes", password_size_max));
  }
  if (output.exit_status != 0) {
    throw no_password(reference,
                      fmt::format("the command ended with exit status {}", output.exit_status));
  }
  std::string line = output.text.substr(0, output.text.find_first_of("\r\n"));
  if (line.empty() || line.find('\0') != std::string::npos) {
    throw no_password(reference, "the first line that the command printed is no password");
  }
  return line;
}

}  // namespace

std::string SecretReference::written() const {
  const auto* const prefix = std::find_if(std::begin(prefixes), std::end(prefixes),
                                          [this](const auto& one) { return one.second == source; });
  return fmt::format("{}{}", prefix->first, value);
}

std::string SecretReference::shown() const {
  return source == Source::text ? fmt::format("text:{}", masked)
                                : printable(shortened(written(), 200));
}

SecretReference parse_secret_reference(std::string_view text) {
  for (const auto& [prefix, source] : prefixes) {
    if (text.starts_with(prefix) && text.size() > prefix.size() &&
        text.find('\0') == std::string_view::npos) {
      return {.source = source, .value = std::string(text.substr(prefix.size()))};
    }
  }
  throw usage_error("the password is no reference",
                    "write env:NAME, file:PATH or cmd:COMMAND; a password itself stands behind "
                    "text:");
}

std::string resolve_secret(const SecretReference& reference, const Environment& environment,
                           const Loop& loop, Clock::time_point until) {
  switch (reference.source) {
    case Source::environment:
      return from_environment(reference, environment);
    case Source::file:
      return read_password_file(reference.value);
    case Source::command:
      return from_command(reference, loop, until);
    case Source::text:
      return reference.value;
  }
  return {};
}

bool has_secret(std::string_view uris) {
  while (!uris.empty()) {
    const std::string_view userinfo = userinfo_of(take_uri(uris));
    const std::size_t colon = userinfo.find(':');
    if (colon != std::string_view::npos && colon + 1 < userinfo.size() &&
        userinfo != "guest:guest") {
      return true;
    }
  }
  return false;
}

std::string with_masked_passwords(std::string_view uris) {
  std::string shown;
  while (!uris.empty()) {
    const std::string_view uri = take_uri(uris);
    const std::string_view userinfo = userinfo_of(uri);
    const std::size_t colon = userinfo.find(':');
    shown += shown.empty() ? "" : ";";
    if (colon == std::string_view::npos || userinfo == "guest:guest") {
      shown += uri;
      continue;
    }
    const auto start = static_cast<std::size_t>(userinfo.data() - uri.data());
    shown += fmt::format("{}{}{}", uri.substr(0, start + colon + 1), masked,
                         uri.substr(start + userinfo.size()));
  }
  return shown;
}

}  // namespace miko::cli
