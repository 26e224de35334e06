#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

namespace miko::test {

/// An empty directory of its own, removed with its contents at the end of the scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Path of `name` in this directory.
  [[nodiscard]] std::string path(std::string_view name) const;
  /// Writes a file, with missing folders on the way, and returns its path.
  std::string write_file(std::string_view name, std::string_view text, mode_t mode = 0600) const;

 private:
  std::string path_;
};

/// The contents of a file; throws std::runtime_error if it cannot be read.
std::string read_file(const std::string& path);

}  // namespace miko::test
