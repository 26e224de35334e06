#include "cli/suite_variables.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "cli/arguments.h"
#include "cli/secret.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

void check_name(std::string_view name) {
  if (!is_variable_name(name)) {
    throw usage_error(fmt::format("'{}' is no name of a variable", printable(shortened(name, 60))),
                      "a name has letters, digits and '_'");
  }
}

}  // namespace

void SuiteVariables::read(const YAML::Node& secrets, const YAML::Node& vars) {
  if (secrets && !secrets.IsSequence()) {
    throw yaml_.fail(secrets, "'secrets' is not a list of names");
  }
  for (const YAML::Node& name : secrets) {
    variables_.hide(yaml_.text(name));
    secrets_.emplace_back(yaml_.text(name), YamlReader::line(name));
  }
  read_typed();
  if (!vars) {
    return;
  }
  yaml_.check_mapping(vars);
  for (const auto& entry : vars) {
    yaml_.at(YamlReader::line(entry.first), [&] { read_variable(entry.first, entry.second); });
  }
}

void SuiteVariables::read_typed() {
  const Arguments typed = parse_arguments({.items = sources_.variables}, input_);
  if (!json_members(typed.args).empty()) {
    throw usage_error("a --var has no name", "write --var NAME=TEXT or --var NAME:=JSON");
  }
  for (const JsonMember& member : json_members(typed.kwargs)) {
    const std::string name = json_decode_string(member.key);
    check_name(name);
    variables_.set(name, std::string(member.value));
  }
}

void SuiteVariables::read_variable(const YAML::Node& key, const YAML::Node& value) {
  const std::string name = yaml_.text(key);
  check_name(name);
  const bool is_reference = value.IsMap() && value.size() == 1 && value["from"];
  if (is_reference) {
    variables_.hide(name);
  }
  if (variables_.has(name)) {
    return;
  }
  variables_.set(name, is_reference
                           ? referenced_secret(yaml_.text(value["from"]))
                           : fill_value(yaml_.json(value), [this](const Placeholder& place) {
                               return known_value(place, {});
                             }));
}

std::string SuiteVariables::referenced_secret(const std::string& text) const {
  const SecretReference reference = parse_secret_reference(text);
  if (reference.source != SecretReference::Source::environment &&
      reference.source != SecretReference::Source::file) {
    throw usage_error("a variable is taken from env:NAME or file:PATH");
  }
  return json_quote(resolve_secret(reference, sources_.environment, sources_.loop, sources_.until));
}

std::string SuiteVariables::known_value(const Placeholder& place,
                                        const std::vector<std::string>& captured) {
  if (!variables_.has(place.name)) {
    if (const std::optional<std::string> value = sources_.environment(place.name)) {
      variables_.set(place.name, json_quote(*value));
    }
  }
  if (!variables_.has(place.name) && !place.fallback) {
    const std::string name = meant(place.name, captured);
    throw usage_error(
        fmt::format("there is no variable '{}'", place.name),
        name.empty() ? "--var, vars, capture and the environment make variables" : name);
  }
  return variables_.look_up(place);
}

void SuiteVariables::check_secrets(const std::vector<std::string>& captured) const {
  for (const auto& [name, line] : secrets_) {
    if (!variables_.has(name) && !sources_.environment(name) &&
        std::find(captured.begin(), captured.end(), name) == captured.end()) {
      yaml_.at(line, [&, secret = name] {
        throw usage_error(
            fmt::format("the secret '{}' is no variable", printable(shortened(secret, 60))),
            meant(secret, captured));
      });
    }
  }
}

std::string SuiteVariables::meant(const std::string& name,
                                  const std::vector<std::string>& captured) const {
  std::vector<std::string> names = variables_.names();
  names.insert(names.end(), captured.begin(), captured.end());
  return suggestion(name, names);
}

}  // namespace miko::cli
