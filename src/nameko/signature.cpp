#include "nameko/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace miko {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

Error bad_parameter(std::string_view text, std::string_view why) {
  return usage_error(fmt::format("parameter '{}': {}", printable(shortened(text, 60)), why),
                     R"(parameters look like: name, greeting="Hello", *rest, **more)");
}

/// Takes what stands before the next comma outside of brackets and strings.
std::string_view take_parameter(std::string_view& text) {
  int depth = 0;
  bool in_string = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      at += c == '\\' ? 1 : 0;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      break;
    }
  }
  const std::string_view parameter = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return trimmed(parameter);
}

std::string checked_name(std::string_view parameter, std::string_view name) {
  const auto may_be_in_a_name = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') ||
      !std::all_of(name.begin(), name.end(), may_be_in_a_name)) {
    throw bad_parameter(parameter, "this is not a name");
  }
  return std::string(name);
}

/// As Python's repr of a name.
std::string quoted(std::string_view name) {
  return fmt::format("'{}'", name);
}

/// "'a'", "'a' and 'b'" or "'a', 'b' and 'c'".
std::string listed(const std::vector<std::string>& names) {
  std::string text = quoted(names[0]);
  for (std::size_t i = 1; i < names.size(); ++i) {
    text += i + 1 == names.size() ? " and " : ", ";
    text += quoted(names[i]);
  }
  return text;
}

}  // namespace

Signature Signature::parse(std::string_view text) {
  Signature signature;
  std::set<std::string> names;
  text = trimmed(text);
  while (!text.empty()) {
    const std::string_view parameter = take_parameter(text);
    const std::size_t stars = std::min(parameter.find_first_not_of('*'), parameter.size());
    const std::size_t equals = parameter.find('=');
    const std::string name =
        checked_name(parameter, trimmed(parameter.substr(stars, equals - stars)));
    if (!names.insert(name).second) {
      throw bad_parameter(parameter, "there are two of this name");
    }
    if (stars > 2 || (stars > 0 && equals != std::string_view::npos)) {
      throw bad_parameter(parameter, "this is not a parameter");
    }
    if (!signature.more_.empty() || (!signature.rest_.empty() && stars != 2)) {
      throw bad_parameter(parameter, "nothing but **NAME may stand behind *NAME");
    }
    if (stars > 0) {
      (stars == 1 ? signature.rest_ : signature.more_) = name;
      continue;
    }
    Parameter added = {.name = name};
    if (equals != std::string_view::npos) {
      added.value = std::string(trimmed(parameter.substr(equals + 1)));
      if (find_json_fault(*added.value, JsonDialect::python)) {
        throw bad_parameter(parameter, "its default is not JSON");
      }
    } else if (!signature.parameters_.empty() && signature.parameters_.back().value) {
      throw bad_parameter(parameter, "it has no default, and one before it has");
    }
    signature.parameters_.push_back(std::move(added));
  }
  return signature;
}

bool Signature::takes(std::string_view name) const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [name](const Parameter& one) { return one.name == name; });
}

std::size_t Signature::required() const {
  return static_cast<std::size_t>(
      std::count_if(parameters_.begin(), parameters_.end(),
                    [](const Parameter& one) { return !one.value.has_value(); }));
}

std::string Signature::too_many(std::string_view method, std::size_t given) const {
  // Python counts the method's `self`.
  const std::size_t most = parameters_.size() + 1;
  const std::size_t least = required() + 1;
  return fmt::format(
      "{}() takes {} positional argument{} but {} were given", method,
      least == most ? fmt::format("{}", most) : fmt::format("from {} to {}", least, most),
      least == most && most == 1 ? "" : "s", given + 1);
}

std::optional<std::string> Signature::fault(std::string_view method, std::string_view args,
                                            std::string_view kwargs) const {
  const std::size_t given = json_members(args).size();
  std::set<std::string> bound;
  for (std::size_t i = 0; i < std::min(given, parameters_.size()); ++i) {
    bound.insert(parameters_[i].name);
  }
  std::set<std::string> seen;
  for (const JsonMember& member : json_members(kwargs)) {
    const std::string name = json_decode_string(member.key);
    if (!seen.insert(name).second) {
      // Python has kept one of them.
      continue;
    }
    if (!takes(name)) {
      // The method's own first parameter.
      if (name == "self") {
        return fmt::format("{}() got multiple values for argument 'self'", method);
      }
      if (more_.empty()) {
        return fmt::format("{}() got an unexpected keyword argument {}", method, quoted(name));
      }
    } else if (!bound.insert(name).second) {
      return fmt::format("{}() got multiple values for argument {}", method, quoted(name));
    }
  }
  if (given > parameters_.size() && rest_.empty()) {
    return too_many(method, given);
  }
  std::vector<std::string> missing;
  for (const Parameter& one : parameters_) {
    if (!one.value && !bound.contains(one.name)) {
      missing.push_back(one.name);
    }
  }
  if (missing.empty()) {
    return std::nullopt;
  }
  return fmt::format("{}() missing {} required positional argument{}: {}", method, missing.size(),
                     missing.size() == 1 ? "" : "s", listed(missing));
}

std::string Signature::bind(std::string_view args, std::string_view kwargs) const {
  const std::vector<JsonMember> positional = json_members(args);
  std::string object = "{";
  const auto add = [&object](std::string_view name, std::string_view value) {
    object += fmt::format("{}{}: {}", object.size() > 1 ? ", " : "", json_quote(name), value);
  };
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const std::string& name = parameters_[i].name;
    const std::optional<std::string_view> named = json_find(kwargs, name);
    add(name, i < positional.size() ? positional[i].value
                                    : named.value_or(parameters_[i].value.value_or("null")));
  }
  if (!rest_.empty()) {
    std::string rest;
    for (std::size_t i = parameters_.size(); i < positional.size(); ++i) {
      rest += fmt::format("{}{}", rest.empty() ? "" : ", ", positional[i].value);
    }
    add(rest_, "[" + rest + "]");
  }
  if (!more_.empty()) {
    std::string more;
    for (const JsonMember& member : json_members(kwargs)) {
      if (!takes(json_decode_string(member.key))) {
        more += fmt::format("{}{}: {}", more.empty() ? "" : ", ", member.key, member.value);
      }
    }
    add(more_, "{" + more + "}");
  }
  return object + "}";
}

}  // namespace miko
