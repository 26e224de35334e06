#include "cli/placeholders.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace miko::cli {
namespace {

constexpr std::string_view opening = "${";
constexpr std::string_view escaped_opening = "$${";

/// The place at the front of `text`; takes it off.
Placeholder take_placeholder(std::string_view& text) {
  const std::size_t end = text.find('}');
  const std::string_view inside = text.substr(opening.size(), end - opening.size());
  if (end == std::string_view::npos) {
    throw usage_error(fmt::format("'{}' has no end", printable(shortened(text, 60))),
                      "write ${NAME}, or $${ for the two characters");
  }
  const std::size_t colon = std::min(inside.find(':'), inside.size());
  Placeholder found = {.name = std::string(inside.substr(0, colon))};
  if (colon < inside.size()) {
    found.fallback = std::string(inside.substr(colon + 1));
  }
  if (!is_variable_name(found.name)) {
    throw usage_error(
        fmt::format("'${{{}}}' has no name of a variable", printable(shortened(inside, 60))),
        "a name has letters, digits and '_'; $${ stands for the two characters");
  }
  text.remove_prefix(end + 1);
  return found;
}

/// Calls `plain` with what is between places, escapes resolved, and `place` with each place.
template <class Plain, class Place>
void scan(std::string_view text, const Plain& plain, const Place& place) {
  while (!text.empty()) {
    if (text.starts_with(escaped_opening)) {
      plain(opening);
      text.remove_prefix(escaped_opening.size());
    } else if (text.starts_with(opening)) {
      place(take_placeholder(text));
    } else {
      const std::size_t next = std::min(text.find('$', 1), text.size());
      plain(text.substr(0, next));
      text.remove_prefix(next);
    }
  }
}

std::string text_of(std::string_view json) {
  return json_type(json) == JsonType::string ? json_decode_string(json)
                                             : json_format(json, JsonLayout::compact);
}

std::string quoted_inside(std::string_view text) {
  const std::string quoted = json_quote(text);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
  });
}

std::vector<Placeholder> placeholders(std::string_view text) {
  std::vector<Placeholder> found;
  scan(
      text, [](std::string_view) {},
      [&found](Placeholder one) { found.push_back(std::move(one)); });
  return found;
}

std::string fallback_value(std::string_view fallback) {
  if (!find_json_fault(fallback, JsonDialect::strict)) {
    const JsonType type = json_type(fallback);
    if (type == JsonType::number || type == JsonType::boolean || type == JsonType::null) {
      return std::string(fallback);
    }
  }
  return json_quote(fallback);
}

std::string fill_text(std::string_view text, const Lookup& lookup,
                      const std::function<std::string(std::string_view)>& escape) {
  std::string out;
  scan(
      text, [&out](std::string_view plain) { out += plain; },
      [&](const Placeholder& place) {
        const std::string value = text_of(lookup(place));
        out += escape ? escape(value) : value;
      });
  return out;
}

std::string fill_value(std::string_view json, const Lookup& lookup) {
  const JsonType type = json_type(json);
  if (type == JsonType::string) {
    const std::string text = json_decode_string(json);
    if (text.find(opening) == std::string::npos) {
      return std::string(json);
    }
    if (std::string_view rest = text; rest.starts_with(opening)) {
      const Placeholder place = take_placeholder(rest);
      if (rest.empty()) {
        return lookup(place);
      }
    }
    return json_quote(fill_text(text, lookup));
  }
  if (type != JsonType::array && type != JsonType::object) {
    return std::string(json);
  }
  std::string out(1, type == JsonType::array ? '[' : '{');
  for (const JsonMember& member : json_members(json)) {
    out += out.size() > 1 ? ", " : "";
    if (type == JsonType::object) {
      out += fmt::format("{}: ", member.key);
    }
    out += fill_value(member.value, lookup);
  }
  out += type == JsonType::array ? ']' : '}';
  return out;
}

std::string fill_json(std::string_view text, const Lookup& lookup) {
  std::string out;
  bool in_string = false;
  const auto copy = [&](std::string_view plain) {
    for (std::size_t i = 0; i < plain.size(); ++i) {
      if (in_string && plain[i] == '\\' && i + 1 < plain.size()) {
        out += plain[i++];
      } else if (plain[i] == '"') {
        in_string = !in_string;
      }
      out += plain[i];
    }
  };
  scan(text, copy, [&](const Placeholder& place) {
    const std::string value = lookup(place);
    out += in_string ? quoted_inside(text_of(value)) : value;
  });
  return out;
}

}  // namespace miko::cli
