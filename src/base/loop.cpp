#include "base/loop.h"

#include <cerrno>
#include <cstring>
#include <vector>

#include "base/error.h"

namespace miko {
namespace {

/// Rounded up: waking a fraction of a millisecond early would spin until the time has come.
/// At most a minute, so that no duration overflows poll()'s int.
int poll_milliseconds(Clock::duration span) {
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(span).count();
  return static_cast<int>(std::clamp<decltype(milliseconds)>(milliseconds, 0, 60'000));
}

}  // namespace

int Loop::wait(std::span<pollfd> fds, Clock::time_point until) const {
  std::vector<pollfd> polled(fds.begin(), fds.end());
  polled.push_back({.fd = interrupt_fd_, .events = POLLIN, .revents = 0});
  while (true) {
    const Clock::duration left = Deadline(until).remaining(Clock::now());
    const int ready = ::poll(polled.data(), polled.size(), poll_milliseconds(left));
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
  static_cast<void>(wait(std::span<pollfd>(), Clock::time_point()));
}

}  // namespace miko
