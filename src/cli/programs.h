#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/subprocess.h"
#include "nameko/server.h"

namespace miko::cli {

/// A program that makes the answer, as /bin/sh reads it.
struct Program {
  std::string command = {};
};

/// An answer that a program made. Its standard error is `errors`, the last of it.
struct ProgramAnswer {
  std::uint64_t request_id = 0;
  std::string method = {};
  Response response = {};
  std::string errors = {};
};

/// The programs that answer requests: {"args": [...], "kwargs": {...}} on standard input,
/// MIKO_SERVICE, MIKO_METHOD and MIKO_HEADERS in the environment, one JSON value on standard
/// output.
class Programs {
 public:
  using Done = std::function<void(ProgramAnswer answer)>;

  /// `timeout`: for each; one that takes longer is killed with its children.
  Programs(Clock::duration timeout, Done done) : timeout_(timeout), done_(std::move(done)) {}

  /// Starts one. Its answer comes by turn(), or at once if it cannot be started.
  void start(const Request& request, const Program& program);

  /// Appends what to wait for.
  void append_watched(std::vector<pollfd>& fds) const;
  /// The same after a wait, first those of append_watched(): `done` of what has ended.
  void turn(std::span<const pollfd> ready, Clock::time_point now);

  /// Kills all; their answers say so.
  void stop();

  [[nodiscard]] Clock::time_point next_deadline() const;
  [[nodiscard]] bool empty() const { return running_.empty(); }

 private:
  struct Running {
    std::uint64_t request_id = 0;
    std::string method = {};
    Clock::time_point deadline = {};
    std::string killed_because = {};  ///< the exception; empty if miko has not killed it
    std::unique_ptr<Subprocess> process = nullptr;
  };

  [[nodiscard]] Response response_of(const Running& one) const;

  Clock::duration timeout_;
  Done done_;
  std::optional<SubprocessGuard> guard_ = std::nullopt;
  std::list<Running> running_ = {};
};

}  // namespace miko::cli
