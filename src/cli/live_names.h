#pragma once

#include <string>
#include <vector>

namespace miko::cli {

struct Session;

/// What a shell may offer for a word; `line` is what stands before it, the program's name left out.
/// No word of it but the options of the connection counts.
/// Nothing here fails or takes longer than 300 ms, and no command is run for a password.

/// The services that the management API of that broker lists; where it does not, those called
/// before. Answers are kept for half a minute, so that the next word costs nothing.
[[nodiscard]] std::vector<std::string> live_services(const Session& session,
                                                     const std::vector<std::string>& line);

/// The methods of a service that call or tap have seen, wherever it ran.
[[nodiscard]] std::vector<std::string> seen_methods(const Session& session,
                                                    const std::string& service);

/// All of them as "SERVICE.METHOD".
[[nodiscard]] std::vector<std::string> seen_calls(const Session& session);

}  // namespace miko::cli
