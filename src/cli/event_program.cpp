#include "cli/event_program.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace miko::cli {
namespace {

Error cannot_start(int error) {
  return Error({.kind = ErrorKind::internal,
                .message = fmt::format("cannot start a program: {}", std::strerror(error))});
}

/// A file in memory with `text` in it, at its beginning: the program may read it as it likes, or
/// not at all, and nobody has to wait for it.
UniqueFd file_with(std::string_view text) {
  UniqueFd file(::memfd_create("miko-event", MFD_CLOEXEC));
  while (file && !text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0) {
      throw cannot_start(errno);
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  if (!file || ::lseek(file.get(), 0, SEEK_SET) != 0) {
    throw cannot_start(errno);
  }
  return file;
}

/// The environment of miko, with `own` instead of variables of the same names.
std::vector<std::string> environment_with(const std::vector<std::string>& own) {
  std::vector<std::string> result = own;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view entry(*one);
    if (!entry.starts_with("MIKO_SERVICE=") && !entry.starts_with("MIKO_EVENT=")) {
      result.emplace_back(entry);
    }
  }
  return result;
}

}  // namespace

EventProgram::EventProgram(const std::string& command, const Event& event, std::string_view input) {
  const UniqueFd file = file_with(input);
  std::vector<std::string> variables =
      environment_with({"MIKO_SERVICE=" + event.service, "MIKO_EVENT=" + event.type});
  std::vector<char*> envp;
  envp.reserve(variables.size() + 1);
  for (std::string& one : variables) {
    envp.push_back(one.data());
  }
  envp.push_back(nullptr);
  std::string shell = "sh";
  std::string option = "-c";
  std::string text = command;
  char* const argv[] = {shell.data(), option.data(), text.data(), nullptr};

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, file.get(), STDIN_FILENO);
  const int error = ::posix_spawn(&pid_, "/bin/sh", &actions, nullptr, argv, envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw cannot_start(error);
  }
  // The header of glibc 2.36 declares it for C only.
  process_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!process_) {
    throw cannot_start(errno);
  }
}

int EventProgram::status() {
  int status = 0;
  if (status_ < 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

}  // namespace miko::cli
