#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/nameko_config.h"

namespace miko::cli {

/// Names that earlier runs have seen, for the completion of a shell: two files below
/// $XDG_CACHE_HOME/miko, or ~/.cache/miko, for their owner's eyes only.
/// Nothing here fails: what cannot be read counts as nothing, what cannot be written is not kept.
class NameCache {
 public:
  explicit NameCache(const Environment& environment);

  /// Keeps a method that is there; 32 KiB of them, the newest. Cheap for one that is kept already.
  void add_method(std::string_view service, std::string_view method) const;

  /// The kept "SERVICE.METHOD", oldest first.
  [[nodiscard]] std::vector<std::string> calls() const;

  /// The services that a broker had, asked no longer than 30 seconds ago. `broker` is a line that
  /// tells brokers apart; those of one are kept.
  [[nodiscard]] std::optional<std::vector<std::string>> services(std::string_view broker) const;
  void keep_services(std::string_view broker, const std::vector<std::string>& names) const;

 private:
  [[nodiscard]] bool make_folder() const;
  void replace(const std::string& file, std::string_view text) const;

  std::string base_ = {};  ///< empty: neither XDG_CACHE_HOME nor HOME says where
  std::string folder_ = {};
};

/// Whether a name of others can stand on the command line of any shell as it is.
[[nodiscard]] bool is_plain_word(std::string_view name);

}  // namespace miko::cli
