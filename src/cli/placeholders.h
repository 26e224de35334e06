#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace miko::cli {

/// A place for a variable: "${NAME}", or "${NAME:default}" as Nameko's configurations have it.
/// "$${" stands for "${" itself.
struct Placeholder {
  std::string name = {};
  std::optional<std::string> fallback = std::nullopt;
};

/// The value of a variable, JSON. May throw Error.
using Lookup = std::function<std::string(const Placeholder& placeholder)>;

/// Text with the places filled: strings stand there without their quotes, other values as JSON.
/// What goes in is passed through `escape`, if there is one.
[[nodiscard]] std::string fill_text(
    std::string_view text, const Lookup& lookup,
    const std::function<std::string(std::string_view)>& escape = {});

/// A checked value with its strings filled. A string that is nothing but one place becomes the
/// value of the variable itself, of whatever type. Keys stay.
[[nodiscard]] std::string fill_value(std::string_view json, const Lookup& lookup);

/// JSON with places in it, between quotes or not: {"id": ${id}, "name": "order ${id}"}. Within
/// quotes they are filled as text, elsewhere by the value.
[[nodiscard]] std::string fill_json(std::string_view text, const Lookup& lookup);

/// The places in a text. Throws Error{usage} for one without an end or a name.
[[nodiscard]] std::vector<Placeholder> placeholders(std::string_view text);

/// The fallback of a place as a value: JSON if it is a number, true, false or null, else text.
[[nodiscard]] std::string fallback_value(std::string_view fallback);

/// Letters, digits and '_', not beginning with a digit.
[[nodiscard]] bool is_variable_name(std::string_view name);

}  // namespace miko::cli
