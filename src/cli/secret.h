#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"
#include "cli/nameko_config.h"

namespace miko::cli {

/// Where a password comes from, as a context names it: "env:NAME", "file:PATH", "cmd:COMMAND" or
/// the password itself behind "text:".
struct SecretReference {
  enum class Source { environment, file, command, text };
  Source source = Source::text;
  std::string value = {};

  /// As it is written.
  [[nodiscard]] std::string written() const;

  /// The same, printable and with a password of its own masked.
  [[nodiscard]] std::string shown() const;
};

/// What stands for a password that is not shown.
inline constexpr std::string_view masked = "********";

/// Throws Error{usage} for what is no reference; the message does not show it.
[[nodiscard]] SecretReference parse_secret_reference(std::string_view text);

/// The password. A file is read as --password-file reads it; of what a command prints the first
/// line counts, and it has until `until`.
/// Throws Error{usage} that names the reference, not the password; Error{interrupted}.
[[nodiscard]] std::string resolve_secret(const SecretReference& reference,
                                         const Environment& environment, const Loop& loop,
                                         Clock::time_point until);

/// Whether a broker URI, or one of several separated by ';', has a password that is a secret.
[[nodiscard]] bool has_secret(std::string_view uris);

/// The same URIs with their passwords masked, but for guest's.
[[nodiscard]] std::string with_masked_passwords(std::string_view uris);

}  // namespace miko::cli
