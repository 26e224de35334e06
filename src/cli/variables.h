#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/placeholders.h"

namespace miko::cli {

/// What stands for what is not shown.
inline constexpr std::string_view veil = "********";

/// The variables of a suite, and which of them nobody may see.
class Variables {
 public:
  /// `json` is checked.
  void set(const std::string& name, std::string json);

  /// The values of this variable, now and later, are secret.
  void hide(const std::string& name);

  [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
  [[nodiscard]] std::vector<std::string> names() const;

  /// The value, or the fallback, of a place. Throws Error{usage} if there is neither.
  [[nodiscard]] std::string look_up(const Placeholder& place) const;

  /// `text` with every secret in it veiled, as it is and as JSON writes it. Before anything is cut
  /// off, for a part of a secret would not be found.
  [[nodiscard]] std::string masked(std::string text) const;

 private:
  void add_secrets(std::string_view json);

  std::map<std::string, std::string> values_ = {};
  std::set<std::string> hidden_ = {};
  /// The longest first: one may be a part of another.
  std::vector<std::string> secrets_ = {};
};

}  // namespace miko::cli
