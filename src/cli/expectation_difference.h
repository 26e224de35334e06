#pragma once

#include <string>
#include <string_view>

#include "cli/expectation.h"

namespace miko::cli {

/// null, boolean, number, string, array or object.
[[nodiscard]] std::string_view type_word(std::string_view value);

/// A value as an Unmet has it: on one line, the end of a very long one cut off.
[[nodiscard]] std::string value_text(std::string_view value);

/// Why there is nothing at `pointer`: "nothing: /order has id, items".
[[nodiscard]] std::string absence_text(std::string_view value, std::string_view pointer);

/// "/KEY" with what a pointer needs escaped.
[[nodiscard]] std::string pointer_step(std::string_view key);

/// Where two values that are not equal differ first; `pointer` leads to both of them.
[[nodiscard]] Unmet first_difference(std::string_view wanted, std::string_view got,
                                     const std::string& pointer);

}  // namespace miko::cli
