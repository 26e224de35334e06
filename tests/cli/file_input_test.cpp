#include "cli/file_input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::TemporaryDirectory;

template <class Action>
std::string complaint_about(const Action& action) {
  try {
    static_cast<void>(action());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

std::string read(const std::string& name, Clock::duration at_most = seconds(10)) {
  const Loop loop;
  return FileInput(loop, Clock::now() + at_most).read(name);
}

TEST(FileInput, ReadsAWholeFileByteByByte) {
  const TemporaryDirectory directory;
  const std::string large(200'000, 'x');
  const std::string bytes("a\0\xff\r\n", 5);

  EXPECT_EQ(read(directory.write_file("empty", "")), "");
  EXPECT_EQ(read(directory.write_file("bytes", bytes)), bytes);
  EXPECT_EQ(read(directory.write_file("large", large)), large);
}

TEST(FileInput, RefusesWhatIsNoReadableFile) {
  const TemporaryDirectory directory;
  const std::string missing = directory.path("missing\x1b");

  EXPECT_EQ(complaint_about([&] { return read(missing); }),
            "cannot read '" + directory.path(R"(missing\x1b)") + "': No such file or directory");
  EXPECT_EQ(complaint_about([&] { return read(directory.path()); }),
            "cannot read '" + directory.path() + "': Is a directory");
}

TEST(FileInput, SaysWhetherOthersMayReadWhatALinkLeadsTo) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("file", "text");
  const std::string link = directory.path("link");
  ASSERT_EQ(::symlink(file.c_str(), link.c_str()), 0);
  const Loop loop;
  FileInput input(loop, Clock::now() + seconds(10));

  EXPECT_EQ(input.read_with_exposure(link).text, "text");
  EXPECT_EQ(input.read_with_exposure(link).exposure.why, "");
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  EXPECT_EQ(input.read_with_exposure(link).exposure.why, "others may read it");
  EXPECT_EQ(input.read_with_exposure(link).exposure.remedy, "chmod 600 " + link);
}

TEST(FileInput, WaitsForAPipeNoLongerThanTheCommandMay) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const UniqueFd silent_writer(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));

  EXPECT_EQ(complaint_about([&] { return read(fifo, milliseconds(20)); }),
            "cannot read '" + fifo + "': it did not end in time");
}

TEST(FileInput, LeavesStandardInputToSomebodyElse) {
  const Loop loop;
  FileInput input(loop, Clock::now() + seconds(10));
  input.give_up_stdin();

  EXPECT_EQ(complaint_about([&] { return input.read("-"); }),
            "cannot read standard input: it is read elsewhere");
}

TEST(ReadPasswordFile, TakesTheFirstLine) {
  const TemporaryDirectory directory;
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"secret", "secret"},       {"secret\n", "secret"},     {"secret\r\n", "secret"},
      {"secret\nmore", "secret"}, {" se cret ", " se cret "}, {"é", "é"},
  };
  for (const auto& [text, password] : cases) {
    SCOPED_TRACE(text);

    EXPECT_EQ(read_password_file(directory.write_file("password", text)), password);
  }
}

TEST(ReadPasswordFile, RefusesFilesOthersMayRead) {
  const TemporaryDirectory directory;
  for (const mode_t mode : {0640U, 0604U, 0660U, 0610U}) {
    SCOPED_TRACE(mode);
    const std::string file = directory.write_file("password", "secret");
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);

    EXPECT_EQ(complaint_about([&] { return read_password_file(file); }),
              "cannot read the password file '" + file + "': others may read it");
  }
}

TEST(ReadPasswordFile, TakesAFileThatMayOnlyBeRead) {
  const TemporaryDirectory directory;

  EXPECT_EQ(read_password_file(directory.write_file("password", "secret", 0400)), "secret");
}

TEST(ReadPasswordFile, RefusesWhatHoldsNoPassword) {
  const TemporaryDirectory directory;
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "its first line is no password"},
      {"\nsecret", "its first line is no password"},
      {std::string("se\0cret", 7), "its first line is no password"},
      {std::string(4097, 'x'), "it is too long"},
  };
  for (const auto& [text, why] : cases) {
    const std::string file = directory.write_file("password", text);

    EXPECT_EQ(complaint_about([&] { return read_password_file(file); }),
              "cannot read the password file '" + file + "': " + std::string(why));
  }
}

TEST(ReadPasswordFile, RefusesWhatIsNoRegularFile) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("password", "secret");
  const std::string link = directory.path("link");
  ASSERT_EQ(::symlink(file.c_str(), link.c_str()), 0);
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::string before = "cannot read the password file '";

  EXPECT_EQ(complaint_about([&] { return read_password_file(link); }),
            before + link + "': it is a symbolic link");
  EXPECT_EQ(complaint_about([&] { return read_password_file(fifo); }),
            before + fifo + "': it is not a regular file");
  EXPECT_EQ(complaint_about([&] { return read_password_file(directory.path()); }),
            before + directory.path() + "': it is not a regular file");
  EXPECT_EQ(complaint_about([&] { return read_password_file(directory.path("missing")); }),
            before + directory.path("missing") + "': No such file or directory");
}

}  // namespace
}  // namespace miko::cli
