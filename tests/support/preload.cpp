#include "support/preload.h"

#include <cstdlib>

namespace miko::test {
namespace {

std::map<std::string, std::string> preloading(const char* variable, const std::string& value) {
  std::map<std::string, std::string> environment = {{"LD_PRELOAD", MIKO_PRELOAD_LIBRARY},
                                                    {variable, value}};
#ifdef __SANITIZE_ADDRESS__
  // The sanitizer would insist on being the first library of all.
  const char* const options = std::getenv("ASAN_OPTIONS");
  environment["ASAN_OPTIONS"] =
      (options == nullptr ? "" : std::string(options) + ":") + "verify_asan_link_order=0";
#endif
  return environment;
}

}  // namespace

std::map<std::string, std::string> with_hanging_resolver() {
  return preloading("MIKO_TEST_RESOLVER", "hang");
}

std::map<std::string, std::string> with_resolver_that_says(const std::string& addresses) {
  return preloading("MIKO_TEST_RESOLVER", addresses);
}

std::map<std::string, std::string> with_jumping_clock() {
  return preloading("MIKO_TEST_CLOCK", "jump");
}

}  // namespace miko::test
