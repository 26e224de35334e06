#include "cli/line_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <csignal>
#include <functional>

#include "base/error.h"
#include "base/fd.h"
#include "base/loop.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

using test::TemporaryDirectory;

/// Runs `action` with another stdout. Nothing else may print meanwhile, so `action` checks nothing.
void with_stdout(int fd, const std::function<void()>& action) {
  ::fflush(stdout);
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

Ends make_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Ends make_socket_pair() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// What can be read without waiting.
std::string read_all(int fd) {
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

std::string numbered_line(int number) {
  return std::to_string(number) + std::string(100, '.');
}

TEST(LineOutput, WritesLinesWhenItIsFlushed) {
  const Ends pipe = make_pipe();
  std::string before;
  std::string after;
  std::size_t pending = 0;
  with_stdout(pipe.writer.get(), [&] {
    LineOutput output;
    output.append("one");
    output.append("two");
    before = read_all(pipe.reader.get());
    pending = output.pending();
    output.flush();
    after = read_all(pipe.reader.get());
  });

  EXPECT_EQ(before, "");
  EXPECT_EQ(pending, 8U);
  EXPECT_EQ(after, "one\ntwo\n");
}

TEST(LineOutput, NeverWaitsForASlowReader) {
  for (const auto& make : {make_pipe, make_socket_pair}) {
    const Ends ends = make();
    std::string wanted;
    std::string text;
    std::size_t stuck = 0;
    short writable_while_full = 0;
    with_stdout(ends.writer.get(), [&] {
      LineOutput output;
      for (int i = 0; i < 20'000; ++i) {
        output.append(numbered_line(i));
        wanted += numbered_line(i) + "\n";
      }
      output.flush();
      stuck = output.pending();
      pollfd one = output.writable();
      writable_while_full = Loop().wait(std::span(&one, 1), Clock::time_point()) > 0;
      while (output.pending() > 0) {
        text += read_all(ends.reader.get());
        output.flush();
      }
      text += read_all(ends.reader.get());
    });

    EXPECT_GT(stuck, 0U) << "the reader's end must have been full";
    EXPECT_EQ(writable_while_full, 0) << "waiting for this would spin";
    EXPECT_TRUE(text == wanted) << text.size() << " of " << wanted.size() << " bytes";
  }
}

TEST(LineOutput, LeavesTheFlagsOfStdoutAlone) {
  const Ends pipe = make_pipe();
  with_stdout(pipe.writer.get(), [] {
    LineOutput output;
    output.append("x");
    output.flush();
  });

  EXPECT_EQ(::fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK, 0)
      << "another program that shares it would lose data";
}

TEST(LineOutput, WritesAFileFromWhereItStands) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("out", "before\n");
  for (const int flags : {O_WRONLY | O_APPEND, O_WRONLY}) {
    const UniqueFd fd(::open(file.c_str(), flags | O_CLOEXEC));
    ::lseek(fd.get(), 0, SEEK_END);
    with_stdout(fd.get(), [] {
      LineOutput output;
      output.append("line");
      output.flush();
      output.append("line");
      output.flush();
    });
  }

  EXPECT_EQ(test::read_file(file), "before\nline\nline\nline\nline\n");
}

TEST(LineOutput, FailsWhereNothingCanBeWritten) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  std::string message;
  with_stdout(full.get(), [&message] {
    LineOutput output;
    output.append("x");
    try {
      output.flush();
    } catch (const Error& error) {
      message = error.kind() == ErrorKind::output_failed ? error.what() : "another kind";
    }
  });

  EXPECT_EQ(message, "cannot write the answers: No space left on device");
}

TEST(LineOutput, FailsWhenTheReaderHasGone) {
  Ends pipe = make_pipe();
  pipe.reader = UniqueFd();
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::string message;
  with_stdout(pipe.writer.get(), [&message] {
    LineOutput output;
    output.append("x");
    try {
      output.flush();
    } catch (const Error& error) {
      message = error.what();
    }
  });
  std::signal(SIGPIPE, before);

  EXPECT_EQ(message, "cannot write the answers: Broken pipe");
}

}  // namespace
}  // namespace miko::cli
