#include "cli/recording.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

mode_t mode_of(const std::string& file) {
  struct stat status = {};
  EXPECT_EQ(::stat(file.c_str(), &status), 0);
  return status.st_mode & 0777U;
}

TEST(Recording, WritesLinesForItsOwnerOnly) {
  const test::TemporaryDirectory directory;
  const std::string file = directory.path("new");
  Recording recording(file);
  recording.write("one");
  recording.write("two");

  EXPECT_EQ(test::read_file(file), "one\ntwo\n");
  EXPECT_EQ(mode_of(file), 0600U);
}

TEST(Recording, TakesAFileFromOtherReaders) {
  const test::TemporaryDirectory directory;
  const std::string file = directory.write_file("old", "of another day\n", 0644);
  Recording recording(file);

  EXPECT_EQ(test::read_file(file), "");
  EXPECT_EQ(mode_of(file), 0600U);
}

TEST(Recording, SaysWhereItCannotWrite) {
  const test::TemporaryDirectory directory;
  try {
    Recording recording(directory.path("no/such/folder"));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("no/such/folder': No such file"), std::string::npos);
  }
}

TEST(Recording, SaysThatTheDiskIsFull) {
  Recording recording("/dev/full");
  try {
    recording.write("one");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::output_failed);
    EXPECT_STREQ(error.what(), "cannot write '/dev/full': No space left on device");
  }
}

}  // namespace
}  // namespace miko::cli
