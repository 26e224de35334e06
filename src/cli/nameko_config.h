#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/file_input.h"
#include "nameko/client.h"

namespace miko::cli {

/// Looks up an environment variable; nothing if it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// What a Nameko config.yaml says about the broker. Keys miko has no use for are left alone.
struct NamekoConfig {
  std::optional<std::string> broker = std::nullopt;    ///< AMQP_URI
  std::optional<std::string> exchange = std::nullopt;  ///< rpc_exchange
  std::optional<std::string> login_method = std::nullopt;
  std::optional<std::chrono::seconds> heartbeat = std::nullopt;
  bool tls = false;  ///< AMQP_SSL: true, or a mapping with the members below
  std::optional<std::string> ca_file = std::nullopt;
  std::optional<std::string> certificate = std::nullopt;
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> server_name = std::nullopt;
  bool insecure = false;  ///< cert_reqs says that certificates are not verified
};

/// Reads a configuration as `nameko run --config` does, `${VAR:default}` in plain scalars included.
/// Throws Error{usage} with file and line, also for a file that others may read and that has a
/// password in clear text: one that is neither guest's nor comes out of a variable.
/// Source of the substitution: Nameko 2.14.1 nameko/cli/main.py, env_var_constructor.
[[nodiscard]] NamekoConfig read_nameko_config(const std::string& file,
                                              const Environment& environment, FileInput& input);

/// One scalar of the configuration with its variables replaced: "${VAR}", "${VAR:default}".
/// Throws Error{usage} for nested variables, which Nameko refuses as well.
[[nodiscard]] std::string substitute_environment(const std::string& text,
                                                 const Environment& environment);

}  // namespace miko::cli
