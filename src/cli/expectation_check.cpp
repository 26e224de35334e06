#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/json_query.h"
#include "cli/expectation.h"
#include "cli/expectation_difference.h"

namespace miko::cli {
namespace {

/// Of a text that is searched, in bytes.
constexpr std::size_t searched_size_max = 16UL * 1024 * 1024;

bool holds(Comparison comparison, std::partial_ordering order) {
  switch (comparison) {
    case Comparison::equal:
      return std::is_eq(order);
    case Comparison::unequal:
      return std::is_neq(order);
    case Comparison::less:
      return std::is_lt(order);
    case Comparison::greater:
      return std::is_gt(order);
    case Comparison::at_most:
      return std::is_lteq(order);
    case Comparison::at_least:
      return std::is_gteq(order);
    default:
      return false;
  }
}

bool has_type(std::string_view value, std::string_view word) {
  if (word == "integer") {
    return json_type(value) == JsonType::number &&
           value.find_first_not_of("-0123456789") == std::string_view::npos;
  }
  return type_word(value) == word;
}

/// Items of an array, members of an object, characters of a string.
std::optional<std::uint64_t> length_of(std::string_view value) {
  switch (json_type(value)) {
    case JsonType::array:
      return json_members(value).size();
    case JsonType::object:
      return json_distinct_members(value).size();
    case JsonType::string: {
      const std::string text = json_decode_string(value);
      return std::count_if(text.begin(), text.end(),
                           [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    }
    default:
      return std::nullopt;
  }
}

/// Of a string a part, of an array an item, of an object members.
bool contains(std::string_view value, std::string_view part) {
  switch (json_type(value)) {
    case JsonType::string:
      return json_type(part) == JsonType::string &&
             json_decode_string(value).find(json_decode_string(part)) != std::string::npos;
    case JsonType::array: {
      const std::vector<JsonMember> items = json_members(value);
      return std::any_of(items.begin(), items.end(), [part](const JsonMember& item) {
        return json_includes(item.value, part);
      });
    }
    case JsonType::object:
      return json_type(part) == JsonType::object && json_includes(value, part);
    default:
      return false;
  }
}

/// What is wrong with a value that is there; empty if nothing is.
std::string fault_of(const Expectation& expectation, std::string_view value) {
  switch (expectation.comparison) {
    case Comparison::exists:
      return expectation.operand == "false" ? value_text(value) : "";
    case Comparison::type:
      return has_type(value, expectation.operand)
                 ? ""
                 : fmt::format("{} {}", type_word(value), value_text(value));
    case Comparison::length: {
      const std::optional<std::uint64_t> length = length_of(value);
      std::uint64_t wanted = 0;
      std::from_chars(expectation.operand.data(),
                      expectation.operand.data() + expectation.operand.size(), wanted);
      if (!length) {
        return fmt::format("{}, which has no length", value_text(value));
      }
      return holds(expectation.length_comparison, *length <=> wanted)
                 ? ""
                 : fmt::format("length {}: {}", *length, value_text(value));
    }
    case Comparison::matches: {
      if (json_type(value) != JsonType::string) {
        return fmt::format("{}, which is no string", value_text(value));
      }
      const std::string text = json_decode_string(value);
      if (text.size() > searched_size_max) {
        return fmt::format("a string of {} bytes, too long to search", text.size());
      }
      return expectation.pattern->found_in(text) ? "" : value_text(value);
    }
    case Comparison::contains:
      return contains(value, expectation.operand) ? "" : value_text(value);
    case Comparison::equal:
      return json_equal(value, expectation.operand) ? "" : value_text(value);
    case Comparison::unequal:
      return json_equal(value, expectation.operand) ? value_text(value) : "";
    default:
      return holds(expectation.comparison, json_compare(value, expectation.operand))
                 ? ""
                 : value_text(value);
  }
}

std::string wanted_text(const Expectation& expectation) {
  switch (expectation.comparison) {
    case Comparison::equal:
      return value_text(expectation.operand);
    case Comparison::exists:
      return expectation.operand == "false" ? "nothing" : "anything";
    case Comparison::type:
    case Comparison::matches:
      return fmt::format("{} {}", operator_word(expectation.comparison), expectation.operand);
    case Comparison::length:
      return expectation.length_comparison == Comparison::equal
                 ? fmt::format("length {}", expectation.operand)
                 : fmt::format("length {} {}", operator_word(expectation.length_comparison),
                               expectation.operand);
    default:
      return fmt::format("{} {}", operator_word(expectation.comparison),
                         value_text(expectation.operand));
  }
}

}  // namespace

std::optional<Unmet> find_unmet(const Expectation& expectation, std::string_view value) {
  const std::optional<std::string_view> found = json_at(value, expectation.pointer);
  if (!found) {
    if (expectation.comparison == Comparison::exists && expectation.operand == "false") {
      return std::nullopt;
    }
    return Unmet{.pointer = expectation.pointer,
                 .wanted = wanted_text(expectation),
                 .got = absence_text(value, expectation.pointer)};
  }
  std::string fault = fault_of(expectation, *found);
  if (fault.empty()) {
    return std::nullopt;
  }
  if (expectation.comparison == Comparison::equal) {
    return first_difference(expectation.operand, *found, expectation.pointer);
  }
  return Unmet{
      .pointer = expectation.pointer, .wanted = wanted_text(expectation), .got = std::move(fault)};
}

}  // namespace miko::cli
