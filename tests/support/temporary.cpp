#include "support/temporary.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace miko::test {

TemporaryDirectory::TemporaryDirectory()
    : path_((std::filesystem::temp_directory_path() / "miko-test-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), path_);
  }
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::path(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

std::string TemporaryDirectory::write_file(std::string_view name, std::string_view text,
                                           mode_t mode) const {
  const std::string result = path(name);
  std::filesystem::create_directories(std::filesystem::path(result).parent_path());
  std::ofstream file(result, std::ios::binary);
  file << text;
  file.close();
  // After writing, because a mode without write permission would forbid it.
  if (!file || ::chmod(result.c_str(), mode) != 0) {
    throw std::system_error(errno, std::generic_category(), result);
  }
  return result;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error("cannot read " + path);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace miko::test
