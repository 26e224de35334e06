#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/file_input.h"
#include "cli/suite_reader.h"
#include "cli/variables.h"
#include "cli/yaml_reader.h"

namespace miko::cli {

/// Reads what a suite has of variables before it runs: what was typed comes before `vars` of the
/// file, and that before the environment.
class SuiteVariables {
 public:
  SuiteVariables(const YamlReader& yaml, const SuiteSources& sources, Variables& variables,
                 FileInput& input)
      : yaml_(yaml), sources_(sources), variables_(variables), input_(input) {}

  /// Throws Error{usage}.
  void read(const YAML::Node& secrets, const YAML::Node& vars);

  /// The value that a place will have, taken from the environment if need be. Throws Error{usage}
  /// if there is none; `captured` are names that might have been meant.
  [[nodiscard]] std::string known_value(const Placeholder& place,
                                        const std::vector<std::string>& captured);

  /// Throws Error{usage} for a secret that is neither a variable nor captured.
  void check_secrets(const std::vector<std::string>& captured) const;

 private:
  void read_typed();
  void read_variable(const YAML::Node& key, const YAML::Node& value);
  [[nodiscard]] std::string referenced_secret(const std::string& text) const;
  [[nodiscard]] std::string meant(const std::string& name,
                                  const std::vector<std::string>& captured) const;

  const YamlReader& yaml_;
  const SuiteSources& sources_;
  Variables& variables_;
  FileInput& input_;
  std::vector<std::pair<std::string, std::size_t>> secrets_ = {};
};

}  // namespace miko::cli
