#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/file_input.h"
#include "cli/stubs.h"

namespace miko::cli {

/// What miko stands in for and with, as typed.
struct ServeOptions {
  std::string service = {};
  std::vector<std::string> replies = {};
  std::vector<std::string> raises = {};
  std::vector<std::string> programs = {};
  std::optional<std::string> file = std::nullopt;
  std::optional<std::string> program_timeout = std::nullopt;
  bool echo = false;
  std::optional<std::string> delay = std::nullopt;
  std::optional<std::string> count = std::nullopt;
  std::optional<std::string> in_flight = std::nullopt;
  bool log = false;
  bool no_reconnect = false;
  bool force = false;
};

/// What the options say the service answers. Throws Error{usage}.
[[nodiscard]] Stubs make_stubs(const ServeOptions& options, FileInput& input);

/// Answers requests until there is an end. Returns the exit status. Throws Error.
[[nodiscard]] int serve(const ServeOptions& options, Session& session);

}  // namespace miko::cli
