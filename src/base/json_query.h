#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace miko {

/// Questions about checked values. Views into `value`.

/// The value that a JSON pointer (RFC 6901: "", "/args/0", "/kwargs/a~1b") leads to; nothing if
/// there is none. Of doubled keys the last counts.
[[nodiscard]] std::optional<std::string_view> json_at(std::string_view value,
                                                      std::string_view pointer);

/// The members of an object by their decoded keys, sorted; of doubled keys the last.
using JsonDistinctMembers = std::vector<std::pair<std::string, std::string_view>>;
[[nodiscard]] JsonDistinctMembers json_distinct_members(std::string_view object);

/// Whether two values are the same: objects whatever the order of their keys, strings whatever
/// their escapes, numbers by what they stand for: 1.10, 1.1 and 11e-1 are one.
[[nodiscard]] bool json_equal(std::string_view one, std::string_view other);

/// The order of two numbers, by what they stand for, or of two strings, by code points. Anything
/// else, and NaN, is unordered.
[[nodiscard]] std::partial_ordering json_compare(std::string_view one, std::string_view other);

/// Whether `value` has at least what `part` has: of objects those members, in any depth; of
/// anything else the same.
[[nodiscard]] bool json_includes(std::string_view value, std::string_view part);

/// A value with its strings replaced: each "{{POINTER}}" in them by what `find` gives for it. A
/// string that is nothing but that becomes the value itself; within a longer one strings stand
/// without their quotes and other values as JSON. Returns nothing, and sets `missing`, for a
/// pointer that leads nowhere. Keys stay.
using JsonFind = std::function<std::optional<std::string_view>(std::string_view pointer)>;
[[nodiscard]] std::optional<std::string> json_fill(std::string_view value, const JsonFind& find,
                                                   std::string& missing);

}  // namespace miko
