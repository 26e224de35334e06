#include "support/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "support/secrets.h"

namespace miko::test {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// One standard stream seen from both sides; `theirs` is empty for a closed stream.
struct Ends {
  UniqueFd ours = UniqueFd();
  UniqueFd theirs = UniqueFd();
};

int checked(int result, const char* what) {
  if (result < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return result;
}

/// Keeps a descriptor of ours away from 0 to 2, where the child's dup2() would run over it, and
/// out of other children.
UniqueFd out_of_the_way(UniqueFd fd) {
  return UniqueFd(checked(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3), "fcntl"));
}

Ends open_terminal() {
  int master = -1;
  int slave = -1;
  termios raw = {};
  ::cfmakeraw(&raw);
  const winsize size = {.ws_row = 25, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  checked(::openpty(&master, &slave, nullptr, &raw, &size), "openpty");
  return {.ours = out_of_the_way(UniqueFd(master)), .theirs = out_of_the_way(UniqueFd(slave))};
}

Ends open_pipe(Ends (*arrange)(UniqueFd, UniqueFd)) {
  std::array<int, 2> fds = {};
  checked(::pipe2(fds.data(), O_CLOEXEC), "pipe2");
  return arrange(out_of_the_way(UniqueFd(fds[0])), out_of_the_way(UniqueFd(fds[1])));
}

Ends input_ends(UniqueFd read_end, UniqueFd write_end) {
  checked(::fcntl(write_end.get(), F_SETFL, O_NONBLOCK), "fcntl");
  return {.ours = std::move(write_end), .theirs = std::move(read_end)};
}

Ends output_ends(UniqueFd read_end, UniqueFd write_end) {
  return {.ours = std::move(read_end), .theirs = std::move(write_end)};
}

Ends open_file(const std::string& path, int flags) {
  const int fd = checked(::open(path.c_str(), flags | O_CLOEXEC, 0600), path.c_str());
  return {.ours = UniqueFd(), .theirs = out_of_the_way(UniqueFd(fd))};
}

Ends open_input(const Input& input) {
  if (std::holds_alternative<Closed>(input)) {
    return {};
  }
  if (const auto* file = std::get_if<File>(&input)) {
    return open_file(file->path, O_RDONLY);
  }
  return std::holds_alternative<Terminal>(input) ? open_terminal() : open_pipe(input_ends);
}

Ends open_output(const Output& output) {
  if (std::holds_alternative<Closed>(output)) {
    return {};
  }
  if (const auto* file = std::get_if<File>(&output)) {
    return open_file(file->path, O_WRONLY | O_CREAT | O_TRUNC);
  }
  return std::holds_alternative<Terminal>(output) ? open_terminal() : open_pipe(output_ends);
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> result;
  for (char** entry = environ;
       command.base_environment == Environment::inherited && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!command.environment.contains(text.substr(0, text.find('=')))) {
      result.push_back(text);
    }
  }
  for (const auto& [name, value] : command.environment) {
    result.push_back(name + "=" + value);
  }
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

/// Everything the child needs between fork() and exec(), made before: allocating there could
/// deadlock, because the test process has threads.
struct Exec {
  std::array<int, 3> streams = {-1, -1, -1};
  bool terminal_on_input = false;
  const char* working_directory = nullptr;
  char** argv = nullptr;
  char** envp = nullptr;
  pid_t parent = 0;
};

[[noreturn]] void become(const Exec& exec) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != exec.parent) {
    ::_exit(127);
  }
  for (std::size_t i = 0; i < exec.streams.size(); ++i) {
    if (exec.streams[i] < 0) {
      ::close(static_cast<int>(i));
    } else {
      ::dup2(exec.streams[i], static_cast<int>(i));
    }
  }
  // Whatever the test runner itself has inherited is none of the program's business.
  ::close_range(3, ~0U, 0);
  if (exec.terminal_on_input) {
    ::ioctl(0, TIOCSCTTY, 0);
  }
  if (exec.working_directory != nullptr && ::chdir(exec.working_directory) != 0) {
    ::_exit(127);
  }
  // A test runner may have been started with signals ignored or blocked; programs would inherit it.
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    ::signal(number, SIG_DFL);
  }
  ::execvpe(exec.argv[0], exec.argv, exec.envp);
  ::_exit(127);
}

/// Appends what is there; an end of file (or a terminal's EIO) closes `fd`.
void drain(UniqueFd& fd, std::string& to) {
  std::array<char, 65536> buffer = {};
  const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
  if (size > 0) {
    to.append(buffer.data(), static_cast<std::size_t>(size));
  } else if (size == 0 || errno != EINTR) {
    fd = UniqueFd();
  }
}

/// What is still in the pipe of a program that has ended. A grandchild may hold the other end open
/// for ever, so this does not wait for the end of file.
void drain_rest(UniqueFd& fd, std::string& to) {
  while (fd) {
    pollfd one = {.fd = fd.get(), .events = POLLIN, .revents = 0};
    if (::poll(&one, 1, 0) <= 0) {
      return;
    }
    drain(fd, to);
  }
}

}  // namespace

Child::Child(Command command) : command_(std::move(command)) {
  start();
}

Child::~Child() {
  if (!ended_) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    look_for_secrets();
  }
}

void Child::start() {
  Ends input = open_input(command_.input);
  Ends output = open_output(command_.output);
  Ends errors = open_output(command_.errors);
  std::vector<std::string> environment = environment_of(command_);
  std::vector<char*> envp = pointers_to(environment);
  std::vector<char*> argv = pointers_to(command_.argv);
  const Exec exec = {
      .streams = {input.theirs.get(), output.theirs.get(), errors.theirs.get()},
      .terminal_on_input = std::holds_alternative<Terminal>(command_.input),
      .working_directory =
          command_.working_directory ? command_.working_directory->c_str() : nullptr,
      .argv = argv.data(),
      .envp = envp.data(),
      .parent = ::getpid(),
  };

  started_ = steady_clock::now();
  pid_ = checked(::fork(), "fork");
  if (pid_ == 0) {
    become(exec);
  }
  process_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  checked(process_.get(), "pidfd_open");
  input_ = std::move(input.ours);
  output_ = std::move(output.ours);
  errors_ = std::move(errors.ours);
  if (const auto* text = std::get_if<Text>(&command_.input)) {
    unsent_ = text->text;
    close_input();
  }
}

void Child::send_signal(int number) const {
  checked(::kill(pid_, number), "kill");
}

void Child::write_input(std::string_view text) {
  unsent_ += text;
  feed_input();
}

void Child::close_input() {
  close_input_when_sent_ = true;
  feed_input();
}

void Child::feed_input() {
  // The program may go without reading: that is its right, and must not kill the test with SIGPIPE.
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  while (input_ && !unsent_.empty()) {
    const ssize_t size = ::write(input_.get(), unsent_.data(), unsent_.size());
    if (size < 0) {
      if (errno != EAGAIN) {
        input_ = UniqueFd();
      }
      break;
    }
    unsent_.erase(0, static_cast<std::size_t>(size));
  }
  ::signal(SIGPIPE, before);
  if (unsent_.empty() && close_input_when_sent_) {
    input_ = UniqueFd();
  }
}

void Child::pump() {
  const auto left = command_.time_limit - (steady_clock::now() - started_);
  if (left <= milliseconds(0)) {
    fail("did not end in time");
  }
  std::array<pollfd, 4> fds = {{
      {.fd = process_.get(), .events = POLLIN, .revents = 0},
      {.fd = output_.get(), .events = POLLIN, .revents = 0},
      {.fd = errors_.get(), .events = POLLIN, .revents = 0},
      {.fd = unsent_.empty() ? -1 : input_.get(), .events = POLLOUT, .revents = 0},
  }};
  ::poll(fds.data(), fds.size(), static_cast<int>(duration_cast<milliseconds>(left).count()) + 1);
  if (fds[1].revents != 0) {
    drain(output_, run_.out);
  }
  if (fds[2].revents != 0) {
    drain(errors_, run_.err);
  }
  if (fds[3].revents != 0) {
    feed_input();
  }
  if (fds[0].revents != 0) {
    reap();
  }
}

void Child::reap() {
  int status = 0;
  rusage usage = {};
  checked(::wait4(pid_, &status, 0, &usage), "wait4");
  ended_ = true;
  run_.duration = duration_cast<milliseconds>(steady_clock::now() - started_);
  run_.memory_peak_kib = usage.ru_maxrss;
  run_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  run_.exit_code = run_.signal != 0 ? 128 + run_.signal : WEXITSTATUS(status);
  drain_rest(output_, run_.out);
  drain_rest(errors_, run_.err);
  look_for_secrets();
}

void Child::look_for_secrets() const {
  for (const std::string& secret : command_.secrets) {
    for (const std::string* stream : {&run_.out, &run_.err}) {
      const std::string form = form_shown(secret, *stream);
      if (!form.empty()) {
        ADD_FAILURE() << command_.argv[0] << " shows a secret (" << form << "):\n" << *stream;
      }
    }
  }
}

void Child::fail(std::string_view what) {
  std::string command;
  for (const std::string& word : command_.argv) {
    command += word + " ";
  }
  throw std::runtime_error(command + std::string(what) + "\n-- stdout:\n" + run_.out +
                           "\n-- stderr:\n" + run_.err);
}

const std::string& Child::read_until(const std::string& stream, std::string_view text) {
  while (stream.find(text) == std::string::npos) {
    if (ended_) {
      fail("ended without printing: " + std::string(text));
    }
    pump();
  }
  return stream;
}

const std::string& Child::read_stdout_until(std::string_view text) {
  return read_until(run_.out, text);
}

const std::string& Child::read_stderr_until(std::string_view text) {
  return read_until(run_.err, text);
}

Outcome Child::wait() {
  while (!ended_) {
    pump();
  }
  return run_;
}

Outcome run(Command command) {
  return Child(std::move(command)).wait();
}

}  // namespace miko::test
