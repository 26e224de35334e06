// libcurl is loaded when somebody first speaks HTTP, not linked: it brings some thirty libraries
// along, which takes 4 ms of every start, and a whole call takes 7. Only its headers are needed to
// build, and it is optional where miko runs.

#include "base/curl.h"

#include <dlfcn.h>

#include "base/error.h"

namespace miko {
namespace {

[[noreturn]] void fail() {
  throw Error({.kind = ErrorKind::unreachable,
               .message = "libcurl cannot be loaded, and HTTP needs it",
               .hint = "install it; on Debian the package is libcurl4"});
}

template <class Function>
void load(void* library, const char* name, Function& function) {
  // POSIX guarantees that a function's address fits a pointer to data.
  function = reinterpret_cast<Function>(::dlsym(library, name));
  if (function == nullptr) {
    fail();
  }
}

Curl load_curl() {
  void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    fail();
  }
  Curl functions;
  load(library, "curl_easy_init", functions.easy_init);
  load(library, "curl_easy_setopt", functions.set_option);
  load(library, "curl_easy_getinfo", functions.get_info);
  load(library, "curl_easy_strerror", functions.describe);
  load(library, "curl_easy_cleanup", functions.easy_cleanup);
  load(library, "curl_multi_init", functions.multi_init);
  load(library, "curl_multi_setopt", functions.set_multi_option);
  load(library, "curl_multi_add_handle", functions.add_handle);
  load(library, "curl_multi_remove_handle", functions.remove_handle);
  load(library, "curl_multi_socket_action", functions.act);
  load(library, "curl_multi_info_read", functions.read_info);
  load(library, "curl_multi_cleanup", functions.multi_cleanup);
  return functions;
}

}  // namespace

const Curl& curl() {
  static const Curl loaded = load_curl();
  return loaded;
}

}  // namespace miko
