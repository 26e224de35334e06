#include "cli/value_input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <vector>

#include "base/error.h"
#include "cli/file_input.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

using test::TemporaryDirectory;

/// Everything there is without waiting.
std::vector<std::string> take_all(ValueInput& input) {
  std::vector<std::string> texts;
  while (const std::optional<JsonStream::Value> value = input.next()) {
    texts.emplace_back(value->text);
  }
  return texts;
}

template <class Action>
std::string complaint_about(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

/// A FIFO whose writer is this test.
class Fifo {
 public:
  Fifo() { EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0); }

  [[nodiscard]] std::string path() const { return directory_.path("fifo"); }
  /// Needs a reader.
  void open() { writer_ = UniqueFd(::open(path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)); }
  void write(std::string_view text) const {
    EXPECT_EQ(::write(writer_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void close() { writer_ = UniqueFd(); }

 private:
  TemporaryDirectory directory_;
  UniqueFd writer_;
};

TEST(ValueInput, HandsOutTheValuesOfAFile) {
  const TemporaryDirectory directory;
  ValueInput input(directory.write_file("values", "{\"a\": 1}\n[\n2\n]\n3"));

  EXPECT_FALSE(input.finished());
  EXPECT_EQ(take_all(input), (std::vector<std::string>{"{\"a\": 1}", "[\n2\n]", "3"}));
  EXPECT_TRUE(input.finished());
  EXPECT_FALSE(input.next());
}

TEST(ValueInput, IsFinishedAtOnceWithAnEmptyFile) {
  const TemporaryDirectory directory;
  ValueInput input(directory.write_file("values", ""));

  EXPECT_FALSE(input.next());
  EXPECT_TRUE(input.finished());
  EXPECT_FALSE(input.fraction_taken());
}

TEST(ValueInput, HandsOutWhatHasArrived) {
  Fifo fifo;
  ValueInput input(fifo.path());
  EXPECT_FALSE(input.next());
  EXPECT_FALSE(input.finished()) << "nobody has opened the other end yet";
  fifo.open();

  fifo.write("[1] [2");
  EXPECT_EQ(take_all(input), (std::vector<std::string>{"[1]"}));
  EXPECT_FALSE(input.finished());
  fifo.write("]\n[3");
  EXPECT_EQ(take_all(input), (std::vector<std::string>{"[2]"}));
  fifo.close();
  EXPECT_EQ(take_all(input), (std::vector<std::string>{"[3"}));
  EXPECT_TRUE(input.finished());
}

TEST(ValueInput, GivesOthersATurnWhileALongValueArrives) {
  const TemporaryDirectory directory;
  const std::string value = "[\"" + std::string(300'000, 'x') + "\"]";
  ValueInput input(directory.write_file("values", value));

  int turns = 0;
  std::optional<JsonStream::Value> found;
  while (!found && !input.finished()) {
    found = input.next();
    ++turns;
  }

  ASSERT_TRUE(found);
  EXPECT_EQ(found->text, value);
  EXPECT_GE(turns, 3);
}

TEST(ValueInput, KnowsHowMuchOfAFileItHasHandedOut) {
  const TemporaryDirectory directory;
  ValueInput input(directory.write_file("values", "[1]\n[2]\n"));

  EXPECT_EQ(input.fraction_taken(), 0);
  input.next();
  EXPECT_EQ(input.fraction_taken(), 3.0 / 8);
  take_all(input);
  EXPECT_EQ(input.fraction_taken(), 1);
}

TEST(ValueInput, DoesNotKnowHowLongAPipeIs) {
  const Fifo fifo;

  EXPECT_FALSE(ValueInput(fifo.path()).fraction_taken());
}

TEST(ValueInput, GoesOnBehindALineThatIsNotJson) {
  const TemporaryDirectory directory;
  ValueInput input(directory.write_file("values", "no {} json\n[1]\n"));

  EXPECT_EQ(input.next()->text, "no");
  input.skip_line();
  EXPECT_EQ(input.next()->text, "[1]");
}

TEST(ValueInput, RefusesAValueThatIsTooLong) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("values", "[1]\n[\"");
  // A string of NULs, which take no room on the disk.
  std::filesystem::resize_file(file, input_size_max + (1UL << 20));
  ValueInput input(file);

  EXPECT_EQ(input.next()->text, "[1]");
  EXPECT_EQ(complaint_about([&input] {
              while (!input.finished()) {
                input.next();
              }
            }),
            "cannot read '" + file + "': a value has more than 134217728 bytes");
}

TEST(ValueInput, RefusesWhatIsNoReadableFile) {
  const TemporaryDirectory directory;

  EXPECT_EQ(complaint_about([&] { ValueInput(directory.path("missing\x1b")); }),
            "cannot read '" + directory.path(R"(missing\x1b)") + "': No such file or directory");
  EXPECT_EQ(complaint_about([&] { ValueInput(directory.path()); }),
            "cannot read '" + directory.path() + "': Is a directory");
}

}  // namespace
}  // namespace miko::cli
