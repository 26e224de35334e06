#include "cli/command_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.h"
#include "base/fd.h"

namespace miko::cli {
namespace {

Error cannot_start(int reason) {
  return Error({.kind = ErrorKind::internal,
                .message = fmt::format("cannot start a command: {}", std::strerror(reason))});
}

/// A child that leads a session. What is left of the session is killed before the child is waited
/// for, while its number cannot have become another's.
class ProcessSession {
 public:
  explicit ProcessSession(pid_t pid)
      : pid_(pid), process_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  ProcessSession(const ProcessSession&) = delete;
  ProcessSession& operator=(const ProcessSession&) = delete;
  ~ProcessSession() {
    if (!ended_) {
      static_cast<void>(end());
    }
  }

  /// Readable once the child has ended.
  [[nodiscard]] int fd() const { return process_.get(); }

  /// Its exit status as shells show it, 128 + SIGKILL if it was still running.
  int end() {
    ended_ = true;
    ::kill(-pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
  UniqueFd process_;
  bool ended_ = false;
};

struct Actions {
  Actions() { ::posix_spawn_file_actions_init(&value); }
  ~Actions() { ::posix_spawn_file_actions_destroy(&value); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  posix_spawn_file_actions_t value = {};
};

struct Attributes {
  Attributes() { ::posix_spawnattr_init(&value); }
  ~Attributes() { ::posix_spawnattr_destroy(&value); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t value = {};
};

pid_t start(const std::string& command, int output) {
  Actions actions;
  ::posix_spawn_file_actions_addopen(&actions.value, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions.value, output, STDOUT_FILENO);
  Attributes attributes;
  ::posix_spawnattr_setflags(&attributes.value, POSIX_SPAWN_SETSID);
  std::string shell = "sh";
  std::string option = "-c";
  std::string words = command;
  std::array<char*, 4> argv = {shell.data(), option.data(), words.data(), nullptr};
  pid_t pid = -1;
  const int failed =
      ::posix_spawn(&pid, "/bin/sh", &actions.value, &attributes.value, argv.data(), ::environ);
  if (failed != 0) {
    throw cannot_start(failed);
  }
  return pid;
}

/// Reads until the end of `fd`, `size_max` bytes or `until`; false at the last two.
bool read_all(int fd, std::size_t size_max, const Loop& loop, Clock::time_point until,
              CommandOutput& result) {
  while (true) {
    if (loop.wait(fd, POLLIN, until) == 0) {
      result.too_slow = true;
      return false;
    }
    std::array<char, 4096> piece = {};
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
      return true;
    }
    result.text.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (result.text.size() > size_max) {
      result.too_long = true;
      return false;
    }
    if (Clock::now() >= until) {
      result.too_slow = true;
      return false;
    }
  }
}

}  // namespace

CommandOutput run_command(const std::string& command, std::size_t size_max, const Loop& loop,
                          Clock::time_point until) {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw cannot_start(errno);
  }
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  ProcessSession session(start(command, writing.get()));
  writing = UniqueFd();
  if (session.fd() < 0) {
    throw cannot_start(errno);
  }
  CommandOutput result;
  if (read_all(reading.get(), size_max, loop, until, result)) {
    result.too_slow = loop.wait(session.fd(), POLLIN, until) == 0;
  }
  result.exit_status = session.end();
  return result;
}

}  // namespace miko::cli
