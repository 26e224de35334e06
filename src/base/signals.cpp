#include "base/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/error.h"

namespace miko {
namespace {

constexpr std::array polite_signals = {SIGINT, SIGTERM, SIGHUP};
constexpr std::array noted_signals = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

// A signal handler can reach nothing else: the only mutable globals of the program.
volatile std::sig_atomic_t pipe_write_end = -1;
volatile std::sig_atomic_t signal_received = 0;

// Whatever polite one comes second finds the default action and kills.
extern "C" void note_signal(int signal) {
  const int saved_errno = errno;
  for (const int polite : polite_signals) {
    static_cast<void>(::signal(polite, SIG_DFL));
  }
  signal_received = signal;
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = ::write(pipe_write_end, &byte, 1);
  errno = saved_errno;
}

}  // namespace

SignalPipe::SignalPipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw Error({.kind = ErrorKind::internal, .message = "cannot make a pipe for signals"});
  }
  read_end_ = UniqueFd(ends[0]);
  write_end_ = UniqueFd(ends[1]);
  pipe_write_end = ends[1];
  struct sigaction action = {};
  action.sa_handler = note_signal;
  for (const int signal : noted_signals) {
    struct sigaction before = {};
    ::sigaction(signal, nullptr, &before);
    // nohup and `cmd &` in scripts hand the program ignored signals on purpose.
    if (before.sa_handler != SIG_IGN) {
      ::sigaction(signal, &action, nullptr);
    }
  }
}

SignalPipe::~SignalPipe() {
  for (const int signal : noted_signals) {
    struct sigaction now = {};
    ::sigaction(signal, nullptr, &now);
    if (now.sa_handler == note_signal) {
      static_cast<void>(::signal(signal, SIG_DFL));
    }
  }
  pipe_write_end = -1;
}

int SignalPipe::received() {
  return signal_received;
}

void ignore_broken_pipes() {
  static_cast<void>(::signal(SIGPIPE, SIG_IGN));
}

void die_of(int signal) {
  static_cast<void>(::signal(signal, SIG_DFL));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  static_cast<void>(::raise(signal));
  ::_exit(128 + signal);
}

}  // namespace miko
