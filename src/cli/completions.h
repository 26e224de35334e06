#pragma once

#include <span>
#include <string_view>

namespace miko::cli {

struct CompletionScript {
  std::string_view shell;
  std::string_view text;
};

/// The files of completions/, built into the program by cmake/embed.cmake.
[[nodiscard]] std::span<const CompletionScript> completion_scripts();

}  // namespace miko::cli
