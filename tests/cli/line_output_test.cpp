#include "cli/line_output.h"

#include "support/stdout.h"

namespace miko::cli {
namespace {

using test::Ends;
using test::make_pipe;
using test::read_all;
using test::with_stdout;

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

TEST(LineOutput, KeepsWhatASlowReaderDoesNotTake) {
  const Ends pipe = make_pipe();
  std::string wanted;
  std::string text;
  std::size_t stuck = 0;
  with_stdout(pipe.writer.get(), [&] {
    LineOutput output;
    for (int i = 0; i < 20'000; ++i) {
      output.append(numbered_line(i));
      wanted += numbered_line(i) + "\n";
    }
    output.flush();
    stuck = output.pending();
    while (output.pending() > 0) {
      text += read_all(pipe.reader.get());
      output.flush();
    }
    text += read_all(pipe.reader.get());
  });

  EXPECT_GT(stuck, 0U) << "the reader's end must have been full";
  EXPECT_TRUE(text == wanted) << text.size() << " of " << wanted.size() << " bytes";
}

TEST(LineOutput, SaysThatItCannotWrite) {
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

}  // namespace
}  // namespace miko::cli
