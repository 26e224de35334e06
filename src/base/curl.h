#pragma once

#include <curl/curl.h>

namespace miko {

/// The functions of libcurl that miko uses.
struct Curl {
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_setopt) set_option = nullptr;
  decltype(&curl_easy_getinfo) get_info = nullptr;
  decltype(&curl_easy_strerror) describe = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_multi_init) multi_init = nullptr;
  decltype(&curl_multi_setopt) set_multi_option = nullptr;
  decltype(&curl_multi_add_handle) add_handle = nullptr;
  decltype(&curl_multi_remove_handle) remove_handle = nullptr;
  decltype(&curl_multi_socket_action) act = nullptr;
  decltype(&curl_multi_info_read) read_info = nullptr;
  decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
};

/// libcurl, loaded the first time. Throws Error{unreachable} if it is not installed.
[[nodiscard]] const Curl& curl();

}  // namespace miko
