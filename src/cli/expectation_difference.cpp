#include "cli/expectation_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "base/json_query.h"
#include "base/text.h"
#include "cli/value_line.h"

namespace miko::cli {
namespace {

/// Of more only the beginning is shown anyway.
constexpr std::size_t formatted_size_max = 64UL * 1024;
constexpr std::size_t shown_characters_max = 200;
constexpr std::size_t named_keys_max = 8;

/// "has id, items", "has 2 items", "is a string".
std::string summary(std::string_view value) {
  const JsonType type = json_type(value);
  if (type != JsonType::array && type != JsonType::object) {
    return fmt::format("is {}", value_text(value));
  }
  const std::vector<JsonMember> members = json_members(value);
  if (members.empty()) {
    return "is empty";
  }
  if (type == JsonType::array) {
    return fmt::format("has {} item{}", members.size(), members.size() == 1 ? "" : "s");
  }
  std::string keys;
  for (std::size_t i = 0; i < std::min(members.size(), named_keys_max); ++i) {
    keys += fmt::format("{}{}", i == 0 ? "" : ", ", json_decode_string(members[i].key));
  }
  return fmt::format("has {}{}", keys, members.size() > named_keys_max ? ", ..." : "");
}

Unmet difference_of_arrays(std::string_view wanted, std::string_view got,
                           const std::string& pointer) {
  const std::vector<JsonMember> ours = json_members(wanted);
  const std::vector<JsonMember> theirs = json_members(got);
  for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
    if (!json_equal(ours[i].value, theirs[i].value)) {
      return first_difference(ours[i].value, theirs[i].value, fmt::format("{}/{}", pointer, i));
    }
  }
  return {.pointer = pointer,
          .wanted = fmt::format("length {}", ours.size()),
          .got = fmt::format("length {}: {}", theirs.size(), value_text(got))};
}

std::optional<std::string_view> find(const JsonDistinctMembers& members, std::string_view key) {
  const auto found = std::lower_bound(
      members.begin(), members.end(), key,
      [](const auto& member, std::string_view name) { return member.first < name; });
  return found != members.end() && found->first == key ? std::optional(found->second)
                                                       : std::nullopt;
}

/// The first in the order of the keys as they stand there.
Unmet difference_of_objects(std::string_view wanted, std::string_view got,
                            const std::string& pointer) {
  const JsonDistinctMembers ours = json_distinct_members(wanted);
  const JsonDistinctMembers theirs = json_distinct_members(got);
  for (const JsonMember& member : json_members(wanted)) {
    const std::string key = json_decode_string(member.key);
    const std::string_view own = *find(ours, key);
    const std::optional<std::string_view> other = find(theirs, key);
    if (!other) {
      return {.pointer = pointer + pointer_step(key),
              .wanted = value_text(own),
              .got = absence_text(got, pointer_step(key))};
    }
    if (!json_equal(own, *other)) {
      return first_difference(own, *other, pointer + pointer_step(key));
    }
  }
  for (const JsonMember& member : json_members(got)) {
    const std::string key = json_decode_string(member.key);
    if (!find(ours, key)) {
      return {.pointer = pointer + pointer_step(key),
              .wanted = "nothing",
              .got = value_text(*find(theirs, key))};
    }
  }
  return {.pointer = pointer, .wanted = value_text(wanted), .got = value_text(got)};
}

}  // namespace

std::string_view type_word(std::string_view value) {
  switch (json_type(value)) {
    case JsonType::null:
      return "null";
    case JsonType::boolean:
      return "boolean";
    case JsonType::number:
      return "number";
    case JsonType::string:
      return "string";
    case JsonType::array:
      return "array";
    case JsonType::object:
      return "object";
  }
  return "null";
}

std::string value_text(std::string_view value) {
  return value.size() > formatted_size_max ? std::string(value.substr(0, formatted_size_max))
                                           : value_line(value);
}

std::string absence_text(std::string_view value, std::string_view pointer) {
  std::string_view there = pointer;
  while (!there.empty() && !json_at(value, there)) {
    there = there.substr(0, there.rfind('/'));
  }
  const std::string_view parent = json_at(value, there).value_or(value);
  return fmt::format("nothing: {} {}", there.empty() ? "it" : there, summary(parent));
}

std::string pointer_step(std::string_view key) {
  std::string step = "/";
  for (const char c : key) {
    step += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return step;
}

Unmet first_difference(std::string_view wanted, std::string_view got, const std::string& pointer) {
  const JsonType type = json_type(wanted);
  if (type == json_type(got) && type == JsonType::array) {
    return difference_of_arrays(wanted, got, pointer);
  }
  if (type == json_type(got) && type == JsonType::object) {
    return difference_of_objects(wanted, got, pointer);
  }
  return {.pointer = pointer, .wanted = value_text(wanted), .got = value_text(got)};
}

std::string shown_part(std::string_view text) {
  return printable(shortened(text, shown_characters_max));
}

std::string unmet_text(const Unmet& unmet) {
  return fmt::format("{}: wanted {}, got {}",
                     unmet.pointer.empty() ? "the result" : shown_part(unmet.pointer),
                     shown_part(unmet.wanted), shown_part(unmet.got));
}

}  // namespace miko::cli
