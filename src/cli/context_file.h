#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/file_input.h"
#include "cli/secret.h"

namespace miko::cli {

/// A named connection. The values are texts as the options of the same names take them, and have
/// been checked.
struct Context {
  std::string name = {};
  std::string file = {};
  std::optional<std::string> broker = std::nullopt;
  std::optional<std::string> host = std::nullopt;
  std::optional<std::string> port = std::nullopt;
  std::optional<std::string> vhost = std::nullopt;
  std::optional<std::string> user = std::nullopt;
  std::optional<SecretReference> password = std::nullopt;
  std::optional<std::string> exchange = std::nullopt;
  std::optional<std::string> management = std::nullopt;
  bool tls = false;
  std::optional<std::string> ca_file = std::nullopt;
  std::optional<std::string> certificate = std::nullopt;
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> server_name = std::nullopt;
  bool insecure = false;
  std::optional<std::string> timeout = std::nullopt;

  /// Whether it says something of where the broker is or who logs in there.
  [[nodiscard]] bool names_broker() const {
    return broker || host || port || vhost || user || password;
  }
};

/// A key of the file and what stands there; a password itself is masked.
struct ContextValue {
  std::string_view key;
  std::string value;
  bool is_text;  ///< not a number, true or false
};

/// The keys that are set, in the order of the manual.
[[nodiscard]] std::vector<ContextValue> context_values(const Context& context);

/// Reads the YAML of a context: a mapping of broker, host, port, vhost, user, password, exchange,
/// management, tls, cacert, cert, key, servername, insecure and timeout, all optional. Paths are
/// absolute or begin with "~/", which becomes `home`.
/// Throws Error{usage} with file and line: for an unknown key, a bad value, a password in a file
/// that others may read, and a command in one that others may write.
[[nodiscard]] Context parse_context(std::string_view name, const std::string& file,
                                    const FileText& content, const std::string& home);

/// The file of a context. Passwords are in it as they are.
[[nodiscard]] std::string format_context(const Context& context);

}  // namespace miko::cli
