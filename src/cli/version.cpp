#include "cli/version.h"

#include <fmt/format.h>

#include <CLI/Version.hpp>

#include "miko.h"

namespace miko::cli {

std::string version_text() {
  const LibraryVersions libraries = library_versions();
  return fmt::format(
      "miko {}\n"
      "rabbitmq-c {}\n"
      "{}\n"
      "RapidJSON {}\n"
      "yaml-cpp {}\n"
      "CLI11 {}\n"
      "fmt {}.{}.{}",
      libraries.miko, libraries.rabbitmq_c, libraries.openssl, libraries.rapidjson,
      MIKO_YAML_CPP_VERSION, CLI11_VERSION, FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
      FMT_VERSION % 100);
}

}  // namespace miko::cli
