#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/fd.h"
#include "support/eventually.h"
#include "support/temporary.h"

namespace miko::test {

/// A FIFO that is full of what miko printed, or of zeros before it starts: nobody reads.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0);
    reader_ = UniqueFd(::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }

  [[nodiscard]] std::string path() const { return directory_.path("fifo"); }

  void close_reader() { reader_ = UniqueFd(); }

  void fill() const {
    const UniqueFd writer(::open(path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    const std::string zeros(4096, '\0');
    while (::write(writer.get(), zeros.data(), zeros.size()) > 0) {
    }
  }

  /// Waits until something is printed.
  void await_output() const {
    pollfd one = {.fd = reader_.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&one, 1, 10'000), 1);
  }

  /// Waits until nothing more fits in.
  void await_full() const {
    const UniqueFd writer(::open(path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    EXPECT_TRUE(eventually([&writer] {
      pollfd one = {.fd = writer.get(), .events = POLLOUT, .revents = 0};
      return ::poll(&one, 1, 0) == 0;
    }));
  }

 private:
  TemporaryDirectory directory_;
  UniqueFd reader_;
};

}  // namespace miko::test
