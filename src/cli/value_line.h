#pragma once

#include <string>
#include <string_view>

namespace miko::cli {

/// A checked value as eyes read it on one line, "é" as itself: {"id": 7, "tags": ["a"]}.
[[nodiscard]] std::string value_line(std::string_view json);

}  // namespace miko::cli
