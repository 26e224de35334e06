#include "cli/name_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/fd.h"
#include "base/text.h"

namespace miko::cli {
namespace {

constexpr std::size_t methods_size_max = 32UL * 1024;
constexpr std::size_t services_size_max = 256UL * 1024;
constexpr std::size_t word_size_max = 200;
constexpr std::time_t services_age_max = 30;

struct Cached {
  std::string text = {};
  std::time_t written = 0;
};

/// Never waits, whatever stands under the name.
Cached read_cached(const std::string& file, std::size_t size_max) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status = {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {};
  }
  Cached cached = {.text = std::string(size_max, '\0'), .written = status.st_mtime};
  const ssize_t size = ::read(fd.get(), cached.text.data(), size_max);
  cached.text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return cached;
}

/// False if it is not all written.
bool write_all(const UniqueFd& fd, std::string_view text) {
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::vector<std::string> plain_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    if (is_plain_word(text.substr(0, end))) {
      lines.emplace_back(text.substr(0, end));
    }
    text.remove_prefix(end + 1);
  }
  return lines;
}

bool has_line(std::string_view text, std::string_view line) {
  for (std::size_t at = text.find(line); at != std::string_view::npos;
       at = text.find(line, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') {
      return true;
    }
  }
  return false;
}

}  // namespace

bool is_plain_word(std::string_view name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || static_cast<unsigned char>(c) >= 0x80;
  };
  return !name.empty() && name.size() <= word_size_max && name[0] != '-' &&
         std::all_of(name.begin(), name.end(), is_plain) && printable(name) == name;
}

NameCache::NameCache(const Environment& environment) {
  // By the specification a path that is not absolute counts as none.
  const std::string cache = environment("XDG_CACHE_HOME").value_or("");
  const std::string home = environment("HOME").value_or("");
  if (cache.starts_with('/')) {
    base_ = cache;
  } else if (home.starts_with('/')) {
    base_ = home + "/.cache";
  }
  folder_ = base_ + "/miko";
}

/// The folder itself and the one above it: without a home there is none to make.
bool NameCache::make_folder() const {
  return !base_.empty() && (::mkdir(base_.c_str(), S_IRWXU) == 0 || errno == EEXIST) &&
         (::mkdir(folder_.c_str(), S_IRWXU) == 0 || errno == EEXIST);
}

void NameCache::replace(const std::string& file, std::string_view text) const {
  if (!make_folder()) {
    return;
  }
  std::string path = file + ".XXXXXX";
  const UniqueFd fd(::mkostemp(path.data(), O_CLOEXEC));
  if (fd && !(write_all(fd, text) && std::rename(path.c_str(), file.c_str()) == 0)) {
    ::unlink(path.c_str());
  }
}

void NameCache::add_method(std::string_view service, std::string_view method) const {
  const std::string call = std::string(service) + '.' + std::string(method);
  if (base_.empty() || !is_plain_word(call)) {
    return;
  }
  const std::string file = folder_ + "/methods";
  const std::string line = call + '\n';
  const std::string known = read_cached(file, methods_size_max).text;
  if (has_line(known, line)) {
    return;
  }
  if (known.size() + line.size() > methods_size_max) {
    const std::string_view newer = std::string_view(known).substr(known.size() / 2);
    replace(file, std::string(newer.substr(newer.find('\n') + 1)) + line);
    return;
  }
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK;
  UniqueFd fd(::open(file.c_str(), flags, S_IRUSR | S_IWUSR));
  if (!fd && errno == ENOENT && make_folder()) {
    fd = UniqueFd(::open(file.c_str(), flags, S_IRUSR | S_IWUSR));
  }
  static_cast<void>(write_all(fd, line));
}

std::vector<std::string> NameCache::calls() const {
  return plain_lines(read_cached(folder_ + "/methods", methods_size_max).text);
}

std::optional<std::vector<std::string>> NameCache::services(std::string_view broker) const {
  const Cached cached = read_cached(folder_ + "/services", services_size_max);
  const std::time_t age = std::time(nullptr) - cached.written;
  const std::size_t end = cached.text.find('\n');
  if (end == std::string::npos || age < 0 || age > services_age_max ||
      std::string_view(cached.text).substr(0, end) != broker) {
    return std::nullopt;
  }
  return plain_lines(std::string_view(cached.text).substr(end + 1));
}

void NameCache::keep_services(std::string_view broker,
                              const std::vector<std::string>& names) const {
  std::string text = std::string(broker) + '\n';
  for (const std::string& name : names) {
    text += name + '\n';
  }
  if (text.size() <= services_size_max) {
    replace(folder_ + "/services", text);
  }
}

}  // namespace miko::cli
