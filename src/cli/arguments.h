#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/file_input.h"
#include "nameko/reply.h"

namespace miko::cli {

/// What was typed to describe the arguments of a call.
struct ArgumentWords {
  std::vector<std::string> items = {};  ///< key=text, key:=json, =text, :=json, with @FILE values
  std::optional<std::string> args = std::nullopt;    ///< --args: an array, an object, @FILE or @-
  std::optional<std::string> kwargs = std::nullopt;  ///< --kwargs: an object, @FILE or @-
  std::vector<std::string> headers = {};             ///< -H: NAME:TEXT
  std::vector<std::string> context = {};             ///< --ctx: key=text or key:=json
};

/// SERVICE and METHOD in front of the ITEMs, written as two words or as SERVICE.METHOD.
struct Target {
  std::string service = {};
  std::string method = {};
};

/// Takes SERVICE METHOD, or SERVICE.METHOD split at its last dot, off the front of `words`.
/// Throws Error{usage}.
[[nodiscard]] Target take_target(std::vector<std::string>& words, std::string_view what = "method");

/// Puts arguments together: {"args": [...], "kwargs": {...}} and context and headers as JSON.
/// Throws Error{usage} for what cannot be read, is not JSON (with line, column and caret) or is
/// given twice.
[[nodiscard]] Arguments parse_arguments(const ArgumentWords& words, FileInput& input);

/// The same from checked JSON alone: `args` is an array or an object, `kwargs` an object, an empty
/// text stands for none. Throws Error{usage}.
[[nodiscard]] Arguments parse_json_arguments(std::string_view args, std::string_view kwargs);

/// Only context and headers of `words`. Throws Error{usage}.
[[nodiscard]] Arguments parse_context_and_headers(const ArgumentWords& words, FileInput& input);

/// Checks that `text` is JSON. Throws Error{usage} with line, column and caret; `what` names it.
void require_json(std::string_view what, std::string_view text);

/// The same for a value that begins on line `line` of an input.
void require_json_value(std::string_view text, std::size_t line);

}  // namespace miko::cli
