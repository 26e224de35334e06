#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/loop.h"
#include "cli/context_file.h"
#include "cli/file_input.h"
#include "cli/nameko_config.h"

namespace miko::cli {

/// The global options as they were typed; texts, not values yet.
struct TypedOptions {
  std::optional<std::string> broker = std::nullopt;
  std::optional<std::string> host = std::nullopt;
  std::optional<std::string> port = std::nullopt;
  std::optional<std::string> vhost = std::nullopt;
  std::optional<std::string> user = std::nullopt;
  std::optional<std::string> password = std::nullopt;
  std::optional<std::string> password_file = std::nullopt;
  std::optional<std::string> exchange = std::nullopt;
  std::optional<std::string> management = std::nullopt;
  bool tls = false;
  std::optional<std::string> ca_file = std::nullopt;
  std::optional<std::string> certificate = std::nullopt;
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> server_name = std::nullopt;
  bool insecure = false;
  std::optional<std::string> config = std::nullopt;
  std::optional<std::string> context = std::nullopt;
  std::optional<std::string> timeout = std::nullopt;
  const char* timeout_default = "5s";  ///< what counts if nobody says
  std::optional<std::string> output = std::nullopt;
  std::optional<std::string> colour = std::nullopt;
  std::optional<std::string> reply_size_max = std::nullopt;
  bool careful = false;
  bool quiet = false;
  bool verbose = false;
};

/// What can be said of a broker, in the order in which it is shown.
enum class Key {
  broker,
  host,
  port,
  vhost,
  user,
  password,
  exchange,
  management,
  tls,
  ca_file,
  certificate,
  key,
  server_name,
  insecure,
  login_method,
  heartbeat,
  timeout,
};

/// A text somebody gave, and how to name its origin without showing it.
struct Given {
  enum class Form { text, file, reference };
  std::string text = {};
  std::string origin = {};  ///< "--broker", "MIKO_BROKER", "--config", "context prod", ...
  Form form = Form::text;   ///< of a password: the file that has it, or a SecretReference
};

/// Everything that may say something of a broker, in the order of precedence.
///
/// What a source says of where the broker is, who logs in there and how TLS is set up goes with the
/// broker that it or a source behind it names, and never with another. MIKO_CONTEXT and the
/// selected context count as a whole or not at all: not if a source before them names a broker.
class Sources {
 public:
  /// Reads configurations and the context, for no longer than the command may take that began at
  /// `started`. Throws Error{usage}; for a variable the message names it and does not show its
  /// value.
  Sources(const TypedOptions& typed, const Environment& environment, const Loop& loop,
          Clock::time_point started);

  /// What counts for a key; nothing if no source says anything of it.
  [[nodiscard]] std::optional<Given> find(Key key) const;

  /// MIKO_PASSWORD, for a user whom nothing else gives one, unless a password file was typed.
  [[nodiscard]] std::optional<Given> password_if_missing() const;

  [[nodiscard]] std::chrono::nanoseconds timeout() const;

  /// The context in use.
  [[nodiscard]] const std::optional<std::string>& context() const { return context_; }

 private:
  /// A source that was typed or is in the environment says how TLS is set up for any broker.
  enum class Reach { every_broker, own_broker };

  struct Source {
    Reach reach = Reach::own_broker;
    std::map<Key, Given> values = {};
  };

  void add_options();
  void add_typed_file();
  void add_variables();
  void add_stored();
  [[nodiscard]] Source config_source(const std::string& file, const std::string& origin);
  void add_context(const std::string& name, Reach reach);
  void choose_broker();
  [[nodiscard]] std::optional<Given> variable(const char* name) const;
  [[nodiscard]] std::chrono::nanoseconds first_timeout() const;

  const TypedOptions& typed_;
  const Environment& environment_;
  FileInput input_;
  std::vector<Source> sources_ = {};
  /// The source that names the broker; behind the last one if none does.
  std::size_t broker_source_ = 0;
  std::optional<std::string> context_ = std::nullopt;
};

/// What is wrong with what was given; for a variable the message does not show what is in it.
[[nodiscard]] Error complaint(const Given& given, const Error& error);

}  // namespace miko::cli
