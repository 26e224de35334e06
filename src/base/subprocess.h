#pragma once

#include <poll.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace miko {

/// Ends what a Subprocess leaves running when this process is killed. A process of its own: one
/// that is killed cannot clean up behind itself.
class SubprocessGuard {
 public:
  /// Throws Error{internal}.
  SubprocessGuard();
  ~SubprocessGuard();
  SubprocessGuard(const SubprocessGuard&) = delete;
  SubprocessGuard& operator=(const SubprocessGuard&) = delete;

  void watch(pid_t group) const { tell(group, true); }
  void forget(pid_t group) const { tell(group, false); }

 private:
  void tell(pid_t group, bool alive) const;

  UniqueFd line_;
  pid_t pid_ = -1;
};

struct SubprocessOptions {
  std::vector<std::string> argv = {};         ///< the program as a path, and its arguments
  std::vector<std::string> environment = {};  ///< "NAME=VALUE", besides this process's own
  std::string input = {};                     ///< its standard input
  std::size_t output_max = 0;                 ///< a program that prints more is killed
  std::size_t errors_max = 0;                 ///< of standard error the last bytes are kept
};

/// A running program whose output is collected by whoever polls. It has a process group of its own,
/// and nothing of that is left when the program has ended, was killed, or this process has ended.
class Subprocess {
 public:
  /// Starts it. A program that cannot be started ends with status 127, and says why on its standard
  /// error. Throws Error{internal} if there are no processes or descriptors left.
  Subprocess(const SubprocessOptions& options, const SubprocessGuard& guard);
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  static constexpr std::size_t watched_count = 3;

  /// To wait for something to do.
  [[nodiscard]] std::array<pollfd, watched_count> watched() const;

  /// Does what `ready`, watched() after a wait, says. True: the program has ended.
  bool turn(std::span<const pollfd> ready);

  /// Kills it and its children; turn() tells of its end.
  void kill() const;

  [[nodiscard]] const std::string& output() const { return output_; }
  [[nodiscard]] const std::string& errors() const { return errors_; }
  /// It printed more than output_max.
  [[nodiscard]] bool output_too_large() const { return output_too_large_; }
  /// The exit status, or 128 and the signal that ended it; once turn() was true.
  [[nodiscard]] int exit_status() const { return exit_status_; }
  /// The signal that ended it, else 0.
  [[nodiscard]] int signal() const { return signal_; }

 private:
  static void read(UniqueFd& end, std::string& text, int pieces);
  void reap();

  const SubprocessGuard& guard_;
  std::size_t output_max_;
  std::size_t errors_max_;
  pid_t pid_ = -1;
  UniqueFd process_ = {};
  UniqueFd output_end_ = {};
  UniqueFd errors_end_ = {};
  std::string output_ = {};
  std::string errors_ = {};
  bool output_too_large_ = false;
  bool ended_ = false;
  int exit_status_ = 0;
  int signal_ = 0;
};

}  // namespace miko
