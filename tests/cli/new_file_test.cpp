// Files that appear whole or not at all.

#include "cli/new_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

std::size_t files_in(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

TEST(NewFile, ReplacesWhatIsThere) {
  const test::TemporaryDirectory directory;
  const std::string path = directory.write_file("report", "old");
  {
    const NewFile file(path);
    file.write("new");
    EXPECT_EQ(test::read_file(path), "old");
    file.replace();
  }

  EXPECT_EQ(test::read_file(path), "new");
  EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(NewFile, LeavesNothingWithoutAnEnd) {
  const test::TemporaryDirectory directory;
  { NewFile(directory.path("report")).write("half"); }

  EXPECT_EQ(files_in(directory.path()), 0U);
}

TEST(NewFile, TakesNoPlaceThatIsTaken) {
  const test::TemporaryDirectory directory;
  const NewFile file(directory.write_file("report", "old"));

  EXPECT_FALSE(file.place());
}

TEST(NewFile, SaysAtOnceThatItCannotBeWritten) {
  EXPECT_THROW(NewFile("/nowhere/report"), Error);
}

}  // namespace
}  // namespace miko::cli
