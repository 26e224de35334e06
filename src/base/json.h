#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace miko {

/// JSON is carried as text. A value is checked and cut out of its surroundings, never rebuilt, so
/// 10**400, 1.10, -0.0, lone surrogates and the order of keys come out as they went in.

/// How deep a value from outside may be nested.
inline constexpr std::size_t json_depth_max = 512;

/// Why a text is not JSON, and where.
struct JsonFault {
  std::size_t offset = 0;      ///< bytes from the start of the text
  std::string_view what = {};  ///< e.g. "expected a value"
};

enum class JsonDialect {
  strict,  ///< RFC 8259 in UTF-8, at most json_depth_max deep
  python,  ///< and the bare words NaN, Infinity and -Infinity, which Python's json writes
};

/// The first fault of `text`, nothing if it is exactly one JSON value with blanks around it.
[[nodiscard]] std::optional<JsonFault> find_json_fault(std::string_view text, JsonDialect dialect);

enum class JsonType { null, boolean, number, string, array, object };

/// The type of a checked value.
[[nodiscard]] JsonType json_type(std::string_view value);

/// One member of an object or one item of an array. Views into the text that was split.
struct JsonMember {
  std::string_view key = {};    ///< the string token with its quotes; empty for array items
  std::string_view value = {};  ///< the value without surrounding blanks
};

/// The members of a checked object, or items of a checked array, in order, doubles included.
/// Only the top level is split.
[[nodiscard]] std::vector<JsonMember> json_members(std::string_view container);

/// As find_json_fault(), and in the same pass splits an array or object as json_members() does.
/// `members` means nothing if there is a fault.
[[nodiscard]] std::optional<JsonFault> split_json(std::string_view text, JsonDialect dialect,
                                                  std::vector<JsonMember>& members);

/// A member to look for.
struct JsonPick {
  std::string_view name = {};  ///< the decoded key
  std::optional<std::string_view> value = std::nullopt;
};

/// As find_json_fault(), and in the same pass sets the value of every pick that is a member of the
/// outermost object, without surrounding blanks: of doubles the last, as Python's json reads them.
/// The values view into `text` and mean nothing if there is a fault.
[[nodiscard]] std::optional<JsonFault> pick_json_members(std::string_view text, JsonDialect dialect,
                                                         std::span<JsonPick> picks);

/// The value of the last member whose decoded key is `name`, as Python's json reads doubles.
/// Views into `object`, which must be a checked object.
[[nodiscard]] std::optional<std::string_view> json_find(std::string_view object,
                                                        std::string_view name);

/// Takes the next piece of output. Pieces are at most some 64 KiB, so a value of any size is
/// printed without a second copy of it.
using JsonSink = std::function<void(std::string_view piece)>;

/// A checked string token, with its quotes, as UTF-8. A lone surrogate becomes U+FFFD.
[[nodiscard]] std::string json_decode_string(std::string_view token);

/// The same in pieces.
void json_decode_string(std::string_view token, const JsonSink& sink);

/// Any text as a JSON string token. Bytes that are not UTF-8 become U+FFFD; control characters,
/// DEL, C1 and bidirectional controls are escaped.
[[nodiscard]] std::string json_quote(std::string_view text);

/// Colours are ANSI sequences; the caller decides whether its reader is a terminal.
enum class JsonLayout { compact, indented, indented_colour };

/// Writes a checked value, or one that miko has made of some: it may be a few levels deeper. Tokens
/// are written as they are, with two exceptions: raw DEL, C1 and bidirectional controls are escaped
/// always, and the indented layouts, made for eyes, turn escaped printable characters back into
/// themselves ("\u00e9" into "é").
void json_print(std::string_view value, JsonLayout layout, const JsonSink& sink);

/// The same into a string.
[[nodiscard]] std::string json_format(std::string_view value, JsonLayout layout);

}  // namespace miko
