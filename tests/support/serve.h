#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "support/miko_program.h"

namespace miko::test {

/// A `miko serve` that takes requests.
class Serve {
 public:
  /// `uri`: of the broker. `words`: SERVICE and options.
  Serve(const std::string& uri, std::vector<std::string> words, MikoOptions options = {})
      : child_(command(uri, std::move(words), std::move(options))) {
    child_.read_stderr_until("serving");
  }

  [[nodiscard]] Child& child() { return child_; }

  /// Stops it as an operator would.
  Outcome stop() {
    child_.send_signal(SIGTERM);
    return child_.wait();
  }

 private:
  static Command command(const std::string& uri, std::vector<std::string> words,
                         MikoOptions options) {
    words.insert(words.begin(), "serve");
    options.environment.emplace("AMQP_URI", uri);
    return miko_command(std::move(words), std::move(options));
  }

  Child child_;
};

}  // namespace miko::test
