#pragma once

#include <string>

namespace miko {

/// Versions of miko and of the libraries below it, e.g. "0.11.0".
struct LibraryVersions {
  std::string miko = {};
  std::string rabbitmq_c = {};
  std::string openssl = {};
  std::string rapidjson = {};
};

[[nodiscard]] LibraryVersions library_versions();

}  // namespace miko
