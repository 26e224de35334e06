#include "base/subprocess.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <utility>

#include "base/error.h"

namespace miko {
namespace {

constexpr std::size_t piece_size = 64UL * 1024;
/// Read at a turn while it runs, so that one that never stops printing cannot keep the rest
/// waiting, and when it has ended: more than a pipe holds.
constexpr int pieces_while_running = 1;
constexpr int pieces_at_the_end = 32;

Error no_subprocess(const char* what) {
  return Error({.kind = ErrorKind::internal,
                .message = std::string("cannot ") + what + ": " + std::strerror(errno),
                .executed = Executed::maybe,
                .hint = "ulimit -a shows what a process may have"});
}

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw no_subprocess("make a pipe");
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {.reader = UniqueFd(ends[0]), .writer = UniqueFd(ends[1])};
}

/// The input as a file without a name: nobody has to write it piece by piece.
UniqueFd input_file(std::string_view input) {
  UniqueFd file(::memfd_create("miko-input", MFD_CLOEXEC));
  if (!file) {
    throw no_subprocess("make a file for the input of a program");
  }
  while (!input.empty()) {
    const ssize_t count = ::write(file.get(), input.data(), input.size());
    if (count < 0 && errno != EINTR) {
      throw no_subprocess("write the input of a program");
    }
    input.remove_prefix(static_cast<std::size_t>(count > 0 ? count : 0));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

/// This process's environment with `added` in the place of variables of the same names.
std::vector<std::string> whole_environment(const std::vector<std::string>& added) {
  std::set<std::string> names;
  for (const std::string& variable : added) {
    names.insert(variable.substr(0, variable.find('=')));
  }
  std::vector<std::string> all = added;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string variable = *one;
    if (!names.contains(variable.substr(0, variable.find('=')))) {
      all.push_back(variable);
    }
  }
  return all;
}

/// In the child: becomes the program, or says why not.
[[noreturn]] void become(char** argv, char** environment, const int (&streams)[3], pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(127);
  }
  for (int stream = 0; stream < 3; ++stream) {
    ::dup2(streams[stream], stream);
  }
  ::close_range(3, ~0U, 0);
  // Ignored signals are inherited.
  static_cast<void>(::signal(SIGPIPE, SIG_DFL));
  ::execve(argv[0], argv, environment);
  const char* const why = std::strerror(errno);
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, "cannot start it: ", 17);
  written = ::write(STDERR_FILENO, why, std::strlen(why));
  ::_exit(127);
}

struct Note {
  pid_t group = 0;
  int alive = 0;  ///< not a bool, with bytes behind it that nobody wrote
};

/// In the guard: notes which groups are alive until nobody is left to tell.
[[noreturn]] void keep_watch(int line) {
  ::setsid();
  for (const int polite : {SIGINT, SIGTERM, SIGHUP}) {
    static_cast<void>(::signal(polite, SIG_IGN));
  }
  ::dup2(line, STDIN_FILENO);
  ::close_range(1, ~0U, 0);
  std::set<pid_t> alive;
  Note note;
  ssize_t count = 0;
  while ((count = ::recv(STDIN_FILENO, &note, sizeof note, 0)) > 0 ||
         (count < 0 && errno == EINTR)) {
    if (count == sizeof note && note.alive != 0) {
      alive.insert(note.group);
    } else if (count == sizeof note) {
      alive.erase(note.group);
    }
  }
  for (const pid_t group : alive) {
    ::kill(-group, SIGKILL);
  }
  ::_exit(0);
}

}  // namespace

SubprocessGuard::SubprocessGuard() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    throw no_subprocess("make a socket");
  }
  line_ = UniqueFd(ends[0]);
  const UniqueFd other(ends[1]);
  pid_ = ::fork();
  if (pid_ < 0) {
    throw no_subprocess("start a process");
  }
  if (pid_ == 0) {
    keep_watch(other.get());
  }
}

SubprocessGuard::~SubprocessGuard() {
  // The end of the line is what it waits for, so this takes no time.
  line_ = UniqueFd();
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void SubprocessGuard::tell(pid_t group, bool alive) const {
  const Note note = {.group = group, .alive = alive ? 1 : 0};
  static_cast<void>(::send(line_.get(), &note, sizeof note, MSG_NOSIGNAL));
}

Subprocess::Subprocess(const SubprocessOptions& options, const SubprocessGuard& guard)
    : guard_(guard), output_max_(options.output_max), errors_max_(options.errors_max) {
  std::vector<std::string> argv = options.argv;
  std::vector<std::string> environment = whole_environment(options.environment);
  std::vector<char*> argv_pointers = pointers(argv);
  std::vector<char*> environment_pointers = pointers(environment);
  const UniqueFd input = input_file(options.input);
  Pipe output = make_pipe();
  Pipe errors = make_pipe();
  const int streams[3] = {input.get(), output.writer.get(), errors.writer.get()};
  const pid_t parent = ::getpid();
  // NOLINTNEXTLINE(cppcoreguidelines-prefer-member-initializer): everything else must stand before
  pid_ = ::fork();
  if (pid_ < 0) {
    throw no_subprocess("start a program");
  }
  if (pid_ == 0) {
    become(argv_pointers.data(), environment_pointers.data(), streams, parent);
  }
  // Here as well as there, so that the group exists whoever runs first.
  ::setpgid(pid_, pid_);
  guard_.watch(pid_);
  process_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!process_) {
    const int why = errno;
    kill();
    reap();
    errno = why;
    throw no_subprocess("watch a program");
  }
  output_end_ = std::move(output.reader);
  errors_end_ = std::move(errors.reader);
}

Subprocess::~Subprocess() {
  if (!ended_) {
    kill();
    reap();
  }
}

std::array<pollfd, Subprocess::watched_count> Subprocess::watched() const {
  return {pollfd{.fd = process_.get(), .events = POLLIN, .revents = 0},
          pollfd{.fd = output_end_.get(), .events = POLLIN, .revents = 0},
          pollfd{.fd = errors_end_.get(), .events = POLLIN, .revents = 0}};
}

bool Subprocess::turn(std::span<const pollfd> ready) {
  const bool ending = ready[0].revents != 0;
  if (ending) {
    // What it left running holds the pipes, and would hold them for ever. The group is still its
    // own, since the program has not been reaped.
    kill();
  }
  const int pieces = ending ? pieces_at_the_end : pieces_while_running;
  if (ending || ready[1].revents != 0) {
    read(output_end_, output_, pieces);
    if (output_.size() > output_max_) {
      // Killed before its pipe is closed, which it would die of as well, or live on.
      kill();
      output_too_large_ = true;
      output_.clear();
      output_end_ = UniqueFd();
    }
  }
  if (ending || ready[2].revents != 0) {
    read(errors_end_, errors_, pieces);
    if (errors_.size() > errors_max_) {
      errors_.erase(0, errors_.size() - errors_max_);
    }
  }
  if (ending) {
    reap();
  }
  return ending;
}

void Subprocess::read(UniqueFd& end, std::string& text, int pieces) {
  std::string piece(piece_size, '\0');
  for (; end && pieces > 0; --pieces) {
    const ssize_t count = ::read(end.get(), piece.data(), piece.size());
    if (count == 0) {
      end = UniqueFd();
    } else if (count < 0) {
      return;
    } else {
      text.append(piece, 0, static_cast<std::size_t>(count));
    }
  }
}

void Subprocess::kill() const {
  ::kill(-pid_, SIGKILL);
}

void Subprocess::reap() {
  guard_.forget(pid_);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = true;
  signal_ = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  exit_status_ = signal_ != 0 ? 128 + signal_ : WEXITSTATUS(status);
}

}  // namespace miko
