#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace miko::cli {

/// Reads the nodes of one YAML file and says where it is wrong: "FILE:LINE: why".
class YamlReader {
 public:
  explicit YamlReader(std::string file) : file_(std::move(file)) {}

  /// The root of a file with this content. Throws Error{usage}, also for a very large one.
  [[nodiscard]] YAML::Node load(const std::string& content) const;

  [[nodiscard]] Error fail(const YAML::Node& where, std::string_view why,
                           std::string hint = {}) const;

  /// Runs `action` and gives what it finds wrong its place.
  void at(std::size_t line, const std::function<void()>& action) const;

  /// A mapping in which each key is one of `known`, once; "/" among them stands for any JSON
  /// pointer.
  void check_keys(const YAML::Node& map, const std::vector<std::string>& known) const;

  /// A mapping with keys of its own, each once.
  void check_mapping(const YAML::Node& map) const;

  [[nodiscard]] std::string text(const YAML::Node& node) const;

  /// The node as JSON: a plain scalar that is a value of JSON is that value, digit for digit; all
  /// other scalars are text.
  [[nodiscard]] std::string json(const YAML::Node& node) const;

  /// From 1.
  [[nodiscard]] static std::size_t line(const YAML::Node& node);

 private:
  [[nodiscard]] Error fail_at(std::size_t line, std::string_view why, std::string hint) const;
  void append_json(const YAML::Node& node, std::string& out, int depth) const;

  std::string file_;
  /// Of what json() has made: reading is bounded, but changes nothing else.
  mutable std::size_t values_size_ = 0;
};

}  // namespace miko::cli
