// Nameko's configuration files. Input: YAML; a line "#env NAME=VALUE" in it sets a variable of the
// environment.

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/nameko_config.h"
#include "fuzz/fuzz.h"
#include "support/variables.h"

namespace miko::fuzz {
namespace {

test::Variables variables_in(std::string_view yaml) {
  constexpr std::string_view mark = "#env ";
  test::Variables variables;
  while (!yaml.empty()) {
    std::string_view line = yaml.substr(0, yaml.find('\n'));
    yaml.remove_prefix(std::min(line.size() + 1, yaml.size()));
    const std::size_t equals = line.find('=');
    if (line.starts_with(mark) && equals != std::string_view::npos) {
      variables[std::string(line.substr(mark.size(), equals - mark.size()))] =
          line.substr(equals + 1);
    }
  }
  return variables;
}

/// A file without a directory.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("config", MFD_CLOEXEC)) {
    // Others may not read it, so it may hold a password.
    require(::fchmod(fd_, 0600) == 0, "the file cannot be made private");
  }

  void write(std::string_view text) const {
    const bool written = ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, text.data(), text.size(), 0) ==
                                                         static_cast<ssize_t>(text.size());
    require(written, "the input cannot be written");
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

}  // namespace
}  // namespace miko::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace miko;
  static const fuzz::MemoryFile file;
  const std::string_view yaml = fuzz::Input(data, size).take_rest();
  const cli::Environment environment = test::environment(fuzz::variables_in(yaml));
  file.write(yaml);

  const Loop loop;
  cli::FileInput input(loop, Clock::time_point::max());
  cli::NamekoConfig config;
  if (fuzz::succeeds_or_is_usage_error(
          [&] { config = cli::read_nameko_config(file.path(), environment, input); })) {
    fuzz::require(
        !config.heartbeat || (config.heartbeat->count() >= 0 && config.heartbeat->count() <= 65535),
        "a heartbeat that does not fit");
    fuzz::require(config.tls || !(config.ca_file || config.insecure), "TLS options without TLS");
    if (config.broker) {
      fuzz::succeeds_or_is_usage_error([&] { check_broker_uri(*config.broker); });
    }
  }
  fuzz::succeeds_or_is_usage_error(
      [&] { static_cast<void>(cli::substitute_environment(std::string(yaml), environment)); });
  return 0;
}
