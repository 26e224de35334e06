#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/context_file.h"
#include "cli/file_input.h"
#include "cli/nameko_config.h"

namespace miko::cli {

/// The contexts of a user: $XDG_CONFIG_HOME/miko/contexts/NAME.yaml, or below ~/.config, and in
/// $XDG_CONFIG_HOME/miko/selected the name of the one that is used unless another is named.
class ContextStore {
 public:
  explicit ContextStore(const Environment& environment);

  /// Throws Error{usage} unless it is 1 to 64 letters, digits and "-_." with a letter, digit or '_'
  /// first: a name never leads out of the folder.
  static void check_name(std::string_view name);

  /// In the order of the alphabet; empty if there is no folder. Throws Error{usage}.
  [[nodiscard]] std::vector<std::string> names() const;

  /// Follows symbolic links. Throws Error{usage}, for a missing one with a suggestion.
  [[nodiscard]] Context read(std::string_view name, FileInput& input) const;

  enum class Existing { keep, replace };

  /// Writes the file, readable by its owner only, as a whole or not at all; folders are made where
  /// they are missing. A symbolic link stays one. Throws Error{usage}, also for an existing one
  /// that is to be kept.
  void write(const Context& context, Existing existing) const;

  /// Throws Error{usage} if there is none.
  void remove(std::string_view name) const;

  /// The selected name, which need not be that of a context. Throws Error{usage}.
  [[nodiscard]] std::optional<std::string> selected(FileInput& input) const;

  /// Selects a context, or none. Throws Error{usage}.
  void select(const std::optional<std::string>& name) const;

  /// Path of the file of a context.
  [[nodiscard]] std::string file(std::string_view name) const;

 private:
  [[nodiscard]] Error missing(std::string_view name) const;
  [[nodiscard]] std::string selection_file() const { return folder_ + "/selected"; }
  void require_folder() const;

  std::string home_;
  std::string folder_ = {};  ///< empty: neither XDG_CONFIG_HOME nor HOME says where
};

}  // namespace miko::cli
