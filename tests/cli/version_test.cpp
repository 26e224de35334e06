#include "cli/version.h"

#include <gtest/gtest.h>

#include <regex>

namespace miko::cli {
namespace {

TEST(VersionText, NamesMikoFirstAndThenItsLibraries) {
  const std::string text = version_text();

  EXPECT_TRUE(std::regex_search(text, std::regex("^miko [0-9]+\\.[0-9]+\\.[0-9]+\n"))) << text;
  for (const std::string library : {"rabbitmq-c", "OpenSSL", "RapidJSON", "yaml-cpp"}) {
    EXPECT_TRUE(std::regex_search(text, std::regex("\n" + library + " [0-9]+\\.[0-9]+"))) << text;
  }
}

}  // namespace
}  // namespace miko::cli
