#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fd.h"

namespace miko::cli {

/// A file that is not there yet under its name, so that nobody sees a part of it. Removed at the
/// end of the scope unless it was put in its place. All throw Error{usage}.
class NewFile {
 public:
  /// Nobody but its owner may read it.
  explicit NewFile(const std::string& target);
  ~NewFile();
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) = delete;

  /// Lets others read it, as far as the umask does.
  void publish() const;

  void write(std::string_view text) const;

  /// Instead of what has this name.
  void replace() const;

  /// False if there is a file of this name.
  [[nodiscard]] bool place() const;

 private:
  std::string target_;
  std::string path_;
  UniqueFd fd_ = {};
};

}  // namespace miko::cli
