#include "cli/context_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/text.h"
#include "cli/new_file.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".yaml";
constexpr std::size_t name_size_max = 64;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= name_size_max && name[0] != '.' && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

Error cannot(std::string_view what, const std::string& file, int reason) {
  return usage_error(
      fmt::format("cannot {} '{}': {}", what, printable(file), std::strerror(reason)));
}

/// Makes a folder, and those above it, for the user alone.
void make_folder(const std::string& folder) {
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    if (::mkdir(folder.substr(0, end).c_str(), S_IRWXU) != 0 && errno != EEXIST) {
      throw cannot("make the folder", folder, errno);
    }
    if (end == std::string::npos) {
      return;
    }
  }
}

/// What `file` leads to, if it is a symbolic link.
std::string behind_links(const std::string& file) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(file, error);
  return error ? file : real.string();
}

}  // namespace

ContextStore::ContextStore(const Environment& environment)
    : home_(environment("HOME").value_or("")) {
  // By the specification a path that is not absolute counts as none.
  const std::string config = environment("XDG_CONFIG_HOME").value_or("");
  if (config.starts_with('/')) {
    folder_ = config + "/miko";
  } else if (home_.starts_with('/')) {
    folder_ = home_ + "/.config/miko";
  }
}

void ContextStore::check_name(std::string_view name) {
  if (!is_name(name)) {
    throw usage_error(
        fmt::format("'{}' is no name for a context", printable(shortened(name, 80))),
        fmt::format("letters, digits, '_', '-' and '.' make a name, at most {}", name_size_max));
  }
}

std::vector<std::string> ContextStore::names() const {
  std::vector<std::string> found;
  if (folder_.empty()) {
    return found;
  }
  std::error_code error;
  fs::directory_iterator entry(folder_ + "/contexts", error);
  if (error && error != std::errc::no_such_file_or_directory) {
    throw cannot("read the folder", folder_ + "/contexts", error.value());
  }
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().stem().string();
    if (entry->path().extension() == suffix && is_name(name)) {
      found.push_back(name);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string ContextStore::file(std::string_view name) const {
  return fmt::format("{}/contexts/{}{}", folder_, name, suffix);
}

void ContextStore::require_folder() const {
  if (folder_.empty()) {
    throw usage_error("there is no folder for contexts",
                      "XDG_CONFIG_HOME or HOME must name an absolute path");
  }
}

Error ContextStore::missing(std::string_view name) const {
  const std::string meant = suggestion(name, names());
  return usage_error(fmt::format("there is no context '{}'", name),
                     meant.empty() ? "miko context ls lists them" : meant);
}

Context ContextStore::read(std::string_view name, FileInput& input) const {
  check_name(name);
  const std::string path = file(name);
  if (folder_.empty() || (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)) {
    throw missing(name);
  }
  return parse_context(name, path, input.read_with_exposure(path), home_);
}

void ContextStore::write(const Context& context, Existing existing) const {
  check_name(context.name);
  require_folder();
  make_folder(folder_ + "/contexts");
  const std::string path = file(context.name);
  const NewFile content(existing == Existing::replace ? behind_links(path) : path);
  content.write(format_context(context));
  if (existing == Existing::replace) {
    content.replace();
  } else if (!content.place()) {
    throw usage_error(fmt::format("there is a context '{}' already", context.name),
                      "--force replaces it");
  }
}

void ContextStore::remove(std::string_view name) const {
  check_name(name);
  const std::string path = file(name);
  if (folder_.empty()) {
    throw missing(name);
  }
  if (::unlink(path.c_str()) != 0) {
    throw errno == ENOENT ? missing(name) : cannot("remove", path, errno);
  }
}

std::optional<std::string> ContextStore::selected(FileInput& input) const {
  const std::string path = selection_file();
  if (folder_.empty() || (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)) {
    return std::nullopt;
  }
  const std::string text = input.read(path);
  std::string name = text.substr(0, text.find('\n'));
  if (!is_name(name)) {
    throw usage_error(fmt::format("'{}' names no context", printable(path)),
                      "miko context select NAME writes it, miko context select --none removes it");
  }
  return name;
}

void ContextStore::select(const std::optional<std::string>& name) const {
  require_folder();
  if (!name) {
    if (::unlink(selection_file().c_str()) != 0 && errno != ENOENT) {
      throw cannot("remove", selection_file(), errno);
    }
    return;
  }
  check_name(*name);
  if (::access(file(*name).c_str(), F_OK) != 0) {
    throw missing(*name);
  }
  const NewFile content(behind_links(selection_file()));
  content.write(*name + '\n');
  content.replace();
}

}  // namespace miko::cli
