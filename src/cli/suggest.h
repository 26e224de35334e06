#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace miko::cli {

/// "did you mean X?" for the word of `known` closest to `word`, empty when none is close.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace miko::cli
