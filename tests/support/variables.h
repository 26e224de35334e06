#pragma once

#include <map>
#include <optional>
#include <string>

#include "cli/nameko_config.h"

namespace miko::test {

using Variables = std::map<std::string, std::string>;

/// An environment with these variables and no others.
inline cli::Environment environment(const Variables& variables) {
  return [variables](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

}  // namespace miko::test
