#include "cli/standard_output.h"

#include <csignal>

#include "support/stdout.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

using test::Ends;
using test::make_pipe;
using test::make_socket_pair;
using test::read_all;
using test::TemporaryDirectory;
using test::with_stdout;

StandardOutput standard_output() {
  return StandardOutput(
      {.kind = ErrorKind::output_failed, .message = "cannot write", .executed = Executed::maybe});
}

/// What is said when something is written to `fd`.
std::string failure_on(int fd) {
  std::string message;
  with_stdout(fd, [&message] {
    try {
      static_cast<void>(standard_output().write("x"));
    } catch (const Error& error) {
      message = error.kind() == ErrorKind::output_failed ? error.what() : "another kind";
    }
  });
  return message;
}

TEST(StandardOutput, NeverWaitsForASlowReader) {
  const std::string wanted(2'000'000, 'x');
  const Ends all[] = {make_pipe(), make_socket_pair()};
  for (const Ends& ends : all) {
    std::string text;
    bool was_full = false;
    short writable_while_full = 0;
    with_stdout(ends.writer.get(), [&] {
      const StandardOutput output = standard_output();
      std::string_view rest = wanted;
      while (!rest.empty()) {
        const std::size_t count = output.write(rest);
        rest.remove_prefix(count);
        if (count == 0) {
          pollfd one = output.writable();
          writable_while_full = Loop().wait(std::span(&one, 1), Clock::time_point()) > 0;
          was_full = true;
          text += read_all(ends.reader.get());
        }
      }
      text += read_all(ends.reader.get());
    });

    EXPECT_TRUE(was_full);
    EXPECT_EQ(writable_while_full, 0) << "waiting for this would spin";
    EXPECT_TRUE(text == wanted) << text.size() << " of " << wanted.size() << " bytes";
  }
}

TEST(StandardOutput, LeavesTheFlagsOfStdoutAlone) {
  const Ends pipe = make_pipe();
  with_stdout(pipe.writer.get(), [] { static_cast<void>(standard_output().write("x")); });

  EXPECT_EQ(::fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK, 0)
      << "another program that shares it would lose data";
}

TEST(StandardOutput, WritesAFileFromWhereItStands) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("out", "before\n");
  for (const int flags : {O_WRONLY | O_APPEND, O_WRONLY}) {
    const UniqueFd fd(::open(file.c_str(), flags | O_CLOEXEC));
    ::lseek(fd.get(), 0, SEEK_END);
    with_stdout(fd.get(), [] {
      const StandardOutput output = standard_output();
      static_cast<void>(output.write("line\n"));
      static_cast<void>(output.write("line\n"));
    });
  }

  EXPECT_EQ(test::read_file(file), "before\nline\nline\nline\nline\n");
}

TEST(StandardOutput, FailsWhereNothingCanBeWritten) {
  const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));

  EXPECT_EQ(failure_on(full.get()), "cannot write: No space left on device");
}

TEST(StandardOutput, FailsWhenTheReaderHasGone) {
  Ends pipe = make_pipe();
  pipe.reader = UniqueFd();
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const std::string message = failure_on(pipe.writer.get());
  std::signal(SIGPIPE, before);

  EXPECT_EQ(message, "cannot write: Broken pipe");
}

}  // namespace
}  // namespace miko::cli
