#pragma once

#include <poll.h>

#include <functional>
#include <optional>
#include <span>

#include "cli/suite_case.h"
#include "miko.h"

namespace miko::cli {

/// The one connection over which a run makes its calls, from the first of them on.
class SuiteCaller {
 public:
  explicit SuiteCaller(Options options) : options_(std::move(options)) {}

  /// Connects and logs in, if that is not done. Throws Error; Ctrl-C meanwhile interrupts if
  /// `interrupt_fd` is not -1.
  void connect(Clock::time_point until, int interrupt_fd);

  /// Sends a call; `done` runs later, inside run_once(). connect() must have run. Throws Error.
  void start(const FilledCase& filled, Clock::duration timeout, std::function<void(Reply)> done);

  /// Receives, or sleeps, until something happens, one of `others` is ready or `until` has passed.
  /// Throws Error when the connection is lost; it is gone then.
  void run_once(std::span<pollfd> others, Clock::time_point until);

  /// Makes a call alone, and keeps up the connection until it is answered.
  [[nodiscard]] Reply call(const FilledCase& filled, Clock::duration timeout, int interrupt_fd);

  /// Answers the broker's heartbeats while something else is waited for. Throws as run_once().
  void keep_up();

  [[nodiscard]] bool connected() const { return rpc_.has_value(); }
  [[nodiscard]] const Options& options() const { return options_; }

  /// Drops the connection and what is in flight, so that connect() makes another one.
  void drop() { rpc_.reset(); }

  /// Says goodbye.
  void close();

 private:
  Options options_;
  std::optional<Client> rpc_ = std::nullopt;
};

}  // namespace miko::cli
