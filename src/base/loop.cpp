#include "base/loop.h"

#include <sys/prctl.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace miko {
namespace {

/// At most a minute, which no clock's type overflows.
timespec poll_time(Clock::duration span) {
  constexpr std::chrono::minutes longest{1};
  const auto left =
      std::clamp<std::chrono::nanoseconds>(span, std::chrono::nanoseconds::zero(), longest);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
  return {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
}

}  // namespace

int Loop::wait(std::span<pollfd> fds, Clock::time_point until) const {
  std::vector<pollfd> polled(fds.begin(), fds.end());
  polled.push_back({.fd = interrupt_fd_, .events = POLLIN, .revents = 0});
  while (true) {
    const Clock::duration left = Deadline(until).remaining(Clock::now());
    const timespec time = poll_time(left);
    const int ready = ::ppoll(polled.data(), polled.size(), &time, nullptr);
    if (ready < 0 && errno != EINTR) {
      throw Error({.kind = ErrorKind::internal,
                   .message = std::string("cannot wait: ") + std::strerror(errno),
                   .executed = Executed::maybe});
    }
    if (ready > 0 && polled.back().revents != 0) {
      throw Error({.kind = ErrorKind::interrupted, .message = "interrupted"});
    }
    if (ready > 0) {
      std::copy_n(polled.begin(), fds.size(), fds.begin());
      return ready;
    }
    if (Clock::now() >= until) {
      return 0;
    }
  }
}

short Loop::wait(int fd, short events, Clock::time_point until) const {
  pollfd one = {.fd = fd, .events = events, .revents = 0};
  return wait(std::span(&one, 1), until) > 0 ? one.revents : short{0};
}

void Loop::check_interrupt() const {
  if (interrupt_fd_ >= 0) {
    static_cast<void>(wait(std::span<pollfd>(), Clock::time_point()));
  }
}

void wait_punctually() {
  constexpr unsigned long nanoseconds = 1;
  static_cast<void>(::prctl(PR_SET_TIMERSLACK, nanoseconds, 0UL, 0UL, 0UL));
}

}  // namespace miko
