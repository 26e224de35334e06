#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/pattern.h"

namespace miko::cli {

/// What an expectation says of the value at its pointer.
enum class Comparison {
  equal,
  unequal,
  less,
  greater,
  at_most,
  at_least,
  matches,
  exists,
  type,
  length,
  contains,
};

/// Something that must be true of a value: `/total >= 10`.
struct Expectation {
  std::string pointer = {};  ///< RFC 6901; empty for the whole value
  Comparison comparison = Comparison::equal;
  /// JSON; of `type` a word, of `matches` a regular expression, of `length` a number.
  std::string operand = {};
  Comparison length_comparison = Comparison::equal;  ///< of the length, for `length >= 3`
  std::optional<Pattern> pattern = std::nullopt;     ///< of `matches`
};

/// An expectation that does not hold. The texts are whole and raw, so that secrets can be masked in
/// them; shown_part() makes them fit to be shown.
struct Unmet {
  std::string pointer = {};
  std::string wanted = {};
  std::string got = {};
};

/// "POINTER OPERATOR OPERAND" in three parts; the operand may be empty.
struct ExpectationText {
  std::string pointer = {};
  Comparison comparison = Comparison::equal;
  std::string operand = {};
};

/// Splits an expression: the pointer ends before the first operator with blanks around it, or is a
/// JSON string. Throws Error{usage}.
[[nodiscard]] ExpectationText split_expectation(std::string_view text);

/// Throws Error{usage} for a pointer, operand or regular expression that is none.
[[nodiscard]] Expectation make_expectation(ExpectationText parts);

/// Both.
[[nodiscard]] Expectation parse_expectation(std::string_view text);

/// What is not as expected of a checked value; nothing if it is.
[[nodiscard]] std::optional<Unmet> find_unmet(const Expectation& expectation,
                                              std::string_view value);

/// A part of an Unmet, printable and not too long.
[[nodiscard]] std::string shown_part(std::string_view text);

/// "/total: wanted >= 10, got 7".
[[nodiscard]] std::string unmet_text(const Unmet& unmet);

/// "==", "exists", ...
[[nodiscard]] std::string_view operator_word(Comparison comparison);

/// Throws Error{usage} for what is no JSON pointer.
void check_pointer(std::string_view pointer);

}  // namespace miko::cli
