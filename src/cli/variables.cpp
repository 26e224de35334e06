#include "cli/variables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "cli/suggest.h"

namespace miko::cli {

void Variables::set(const std::string& name, std::string json) {
  if (hidden_.contains(name)) {
    add_secrets(json);
  }
  values_.insert_or_assign(name, std::move(json));
}

void Variables::hide(const std::string& name) {
  hidden_.insert(name);
  if (const auto found = values_.find(name); found != values_.end()) {
    add_secrets(found->second);
  }
}

std::vector<std::string> Variables::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : values_) {
    names.push_back(name);
  }
  return names;
}

std::string Variables::look_up(const Placeholder& place) const {
  if (const auto found = values_.find(place.name); found != values_.end()) {
    return found->second;
  }
  if (place.fallback) {
    return fallback_value(*place.fallback);
  }
  throw usage_error(fmt::format("there is no variable '{}'", place.name),
                    suggestion(place.name, names()));
}

/// Of an array or object every value in it: each may be shown alone.
void Variables::add_secrets(std::string_view json) {
  const JsonType type = json_type(json);
  if (type == JsonType::array || type == JsonType::object) {
    for (const JsonMember& member : json_members(json)) {
      add_secrets(member.value);
    }
    return;
  }
  if (type == JsonType::null || type == JsonType::boolean) {
    return;
  }
  std::vector<std::string> forms = {std::string(json)};
  if (type == JsonType::string) {
    const std::string text = json_decode_string(json);
    const std::string quoted = json_quote(text);
    forms = {text, quoted.substr(1, quoted.size() - 2), forms[0].substr(1, json.size() - 2)};
  }
  for (std::string& form : forms) {
    if (!form.empty() && std::find(secrets_.begin(), secrets_.end(), form) == secrets_.end()) {
      secrets_.push_back(std::move(form));
    }
  }
  std::stable_sort(secrets_.begin(), secrets_.end(),
                   [](const auto& one, const auto& other) { return one.size() > other.size(); });
}

std::string Variables::masked(std::string text) const {
  for (const std::string& secret : secrets_) {
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + veil.size())) {
      text.replace(at, secret.size(), veil);
    }
  }
  return text;
}

}  // namespace miko::cli
