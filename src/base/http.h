#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/loop.h"

namespace miko {

/// How to reach a server and to trust it. Files are PEM; empty texts stand for nothing special.
struct HttpOptions {
  std::string user = {};
  std::string password = {};
  std::string ca_file = {};
  std::string certificate = {};
  std::string key = {};
  bool verify = true;
  /// "HOST:PORT" to connect to, whatever the URL names.
  std::string connect_to = {};
};

struct HttpResponse {
  long status = 0;
  std::string body = {};
};

/// Asks an HTTP server, over one connection that is kept. It follows no redirection and uses no
/// proxy.
class Http {
 public:
  /// Larger bodies are refused.
  static constexpr std::size_t body_size_max = 64UL * 1024 * 1024;

  /// `loop` must outlive it. Throws Error{unreachable} if libcurl is not installed.
  Http(const Loop& loop, HttpOptions options);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// Throws Error{unreachable, interrupted}, denied for a certificate that is not trusted.
  [[nodiscard]] HttpResponse get(const std::string& url, Clock::time_point until);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace miko
