#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "nameko/listener.h"

namespace miko::cli {

/// How miko listens, as typed.
struct ListenOptions {
  std::vector<std::string> words = {};  ///< SERVICE [EVENT...]
  std::vector<std::string> also = {};   ///< SERVICE or SERVICE=EVENT
  std::optional<std::string> durable = std::nullopt;
  bool remove = false;  ///< --delete
  std::optional<std::string> count = std::nullopt;
  std::optional<std::string> duration = std::nullopt;
  std::optional<std::string> program = std::nullopt;
  bool no_reconnect = false;
};

/// What the words and --also name, one subscription a service. Throws Error{usage}.
[[nodiscard]] std::vector<Subscription> subscriptions_of(const ListenOptions& options);

/// Prints events, or runs the program for each, until there is an end. Returns the exit status.
/// Throws Error.
[[nodiscard]] int listen(const ListenOptions& options, Session& session);

}  // namespace miko::cli
