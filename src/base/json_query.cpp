#include "base/json_query.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/json.h"
#include "base/json_number.h"

namespace miko {
namespace {

constexpr std::string_view opening = "{{/";
constexpr std::string_view closing = "}}";

/// "~1" is '/', "~0" is '~'.
std::string unescaped(std::string_view step) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool escape =
        step[i] == '~' && i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1');
    out += !escape ? step[i] : step[i + 1] == '0' ? '~' : '/';
    i += escape ? 1 : 0;
  }
  return out;
}

std::optional<std::string_view> item(std::string_view array, std::string_view step) {
  std::size_t index = 0;
  const auto [stop, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  const std::vector<JsonMember> items = json_members(array);
  const bool is_index =
      error == std::errc() && stop == step.data() + step.size() && (step == "0" || step[0] != '0');
  return is_index && index < items.size() ? std::optional(items[index].value) : std::nullopt;
}

bool equal_scalars(std::string_view one, std::string_view other, JsonType type) {
  if (type == JsonType::string) {
    return json_decode_string(one) == json_decode_string(other);
  }
  if (type != JsonType::number || one.find_first_of("NI") != std::string_view::npos ||
      other.find_first_of("NI") != std::string_view::npos) {
    return one == other;
  }
  return JsonNumber::parse(one) == JsonNumber::parse(other);
}

std::optional<std::string> fill_string(std::string_view token, const JsonFind& find,
                                       std::string& missing) {
  const std::string text = json_decode_string(token);
  std::string out;
  std::string_view rest = text;
  while (true) {
    const std::size_t start = rest.find(opening);
    const std::size_t end = start == std::string_view::npos ? start : rest.find(closing, start);
    if (end == std::string_view::npos) {
      break;
    }
    const std::string_view pointer = rest.substr(start + 2, end - start - 2);
    const std::optional<std::string_view> value = find(pointer);
    if (!value) {
      missing = pointer;
      return std::nullopt;
    }
    if (start == 0 && rest.size() == text.size() && end + closing.size() == text.size()) {
      return std::string(*value);
    }
    out += rest.substr(0, start);
    out += json_type(*value) == JsonType::string ? json_decode_string(*value)
                                                 : json_format(*value, JsonLayout::compact);
    rest.remove_prefix(end + closing.size());
  }
  // A string without any keeps the escapes that it was written with.
  return rest.size() == text.size() ? std::string(token) : json_quote(out += rest);
}

}  // namespace

std::optional<std::string_view> json_at(std::string_view value, std::string_view pointer) {
  std::optional<std::string_view> found = value;
  while (found && !pointer.empty()) {
    if (pointer[0] != '/') {
      return std::nullopt;
    }
    pointer.remove_prefix(1);
    const std::string step = unescaped(pointer.substr(0, pointer.find('/')));
    pointer.remove_prefix(std::min(pointer.find('/'), pointer.size()));
    switch (json_type(*found)) {
      case JsonType::object:
        found = json_find(*found, step);
        break;
      case JsonType::array:
        found = item(*found, step);
        break;
      default:
        found.reset();
    }
  }
  return found;
}

JsonDistinctMembers json_distinct_members(std::string_view object) {
  JsonDistinctMembers members;
  for (const JsonMember& member : json_members(object)) {
    members.emplace_back(json_decode_string(member.key), member.value);
  }
  const auto by_key = [](const auto& a, const auto& b) { return a.first < b.first; };
  std::stable_sort(members.begin(), members.end(), by_key);
  JsonDistinctMembers last;
  for (auto& member : members) {
    if (!last.empty() && last.back().first == member.first) {
      last.pop_back();
    }
    last.push_back(std::move(member));
  }
  return last;
}

bool json_equal(std::string_view one, std::string_view other) {
  const JsonType type = json_type(one);
  if (json_type(other) != type) {
    return false;
  }
  if (type == JsonType::array) {
    const std::vector<JsonMember> items = json_members(one);
    const std::vector<JsonMember> others = json_members(other);
    return std::equal(
        items.begin(), items.end(), others.begin(), others.end(),
        [](const JsonMember& a, const JsonMember& b) { return json_equal(a.value, b.value); });
  }
  if (type == JsonType::object) {
    const JsonDistinctMembers members = json_distinct_members(one);
    const JsonDistinctMembers others = json_distinct_members(other);
    return std::equal(members.begin(), members.end(), others.begin(), others.end(),
                      [](const auto& a, const auto& b) {
                        return a.first == b.first && json_equal(a.second, b.second);
                      });
  }
  return equal_scalars(one, other, type);
}

std::partial_ordering json_compare(std::string_view one, std::string_view other) {
  const JsonType type = json_type(one);
  if (type == json_type(other) && type == JsonType::number) {
    return JsonNumber::parse(one) <=> JsonNumber::parse(other);
  }
  if (type == json_type(other) && type == JsonType::string) {
    return json_decode_string(one).compare(json_decode_string(other)) <=> 0;
  }
  return std::partial_ordering::unordered;
}

bool json_includes(std::string_view value, std::string_view part) {
  if (json_type(part) != JsonType::object || json_type(value) != JsonType::object) {
    return json_equal(value, part);
  }
  const std::vector<JsonMember> members = json_members(part);
  return std::all_of(members.begin(), members.end(), [value](const JsonMember& member) {
    const std::optional<std::string_view> own = json_find(value, json_decode_string(member.key));
    return own && json_includes(*own, member.value);
  });
}

std::optional<std::string> json_fill(std::string_view value, const JsonFind& find,
                                     std::string& missing) {
  const JsonType type = json_type(value);
  if (type == JsonType::string) {
    return fill_string(value, find, missing);
  }
  if (type != JsonType::array && type != JsonType::object) {
    return std::string(value);
  }
  std::string out(1, type == JsonType::array ? '[' : '{');
  for (const JsonMember& member : json_members(value)) {
    std::optional<std::string> filled = json_fill(member.value, find, missing);
    if (!filled) {
      return std::nullopt;
    }
    out += out.size() > 1 ? ", " : "";
    if (type == JsonType::object) {
      out += member.key;
      out += ": ";
    }
    out += *filled;
  }
  out += type == JsonType::array ? ']' : '}';
  return out;
}

}  // namespace miko
