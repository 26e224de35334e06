#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/loop.h"

namespace miko::test {

/// Runs `action` with another stdout. Nothing else may print meanwhile, so `action` checks nothing.
inline void with_stdout(int fd, const std::function<void()>& action) {
  std::fflush(stdout);
  const UniqueFd before(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  ::dup2(fd, STDOUT_FILENO);
  try {
    action();
  } catch (...) {
    ::dup2(before.get(), STDOUT_FILENO);
    throw;
  }
  ::dup2(before.get(), STDOUT_FILENO);
}

struct Ends {
  UniqueFd reader;
  UniqueFd writer;
};

/// `flags` besides O_CLOEXEC.
inline Ends make_pipe(int flags = 0) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC | flags), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

inline Ends make_socket_pair() {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// What can be read without waiting.
inline std::string read_all(int fd) {
  std::string text;
  std::string piece(64UL * 1024, '\0');
  while (Loop().wait(fd, POLLIN, Clock::time_point()) == POLLIN) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count <= 0) {
      break;
    }
    text.append(piece, 0, static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace miko::test
