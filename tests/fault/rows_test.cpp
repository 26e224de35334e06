// rows.tsv is the matrix of faults: which test plays each of them, or why none does.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "support/temporary.h"

namespace miko::test {
namespace {

namespace fs = std::filesystem;

constexpr int row_count = 91;

struct Row {
  std::string title;
  std::set<std::string> tests;  ///< "Suite.Name"
  std::string note;             ///< what a test does not say, or why there is none
};

std::map<int, Row> read_rows() {
  std::map<int, Row> rows;
  std::istringstream lines(read_file(MIKO_SOURCE_DIR "/tests/fault/rows.tsv"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) {
      continue;
    }
    std::istringstream fields(line);
    std::string number;
    std::string tests;
    Row row;
    std::getline(fields, number, '\t');
    std::getline(fields, row.title, '\t');
    std::getline(fields, tests, '\t');
    std::getline(fields, row.note, '\t');
    std::istringstream names(tests);
    for (std::string name; names >> name;) {
      row.tests.insert(name);
    }
    EXPECT_TRUE(rows.emplace(std::stoi(number), row).second) << "twice: " << line;
  }
  return rows;
}

/// All tests in this folder, as "Suite.Name"; the file is checked to be one that is built.
std::set<std::string> tests_here() {
  const std::string built = read_file(MIKO_SOURCE_DIR "/tests/CMakeLists.txt");
  const std::regex definition(R"(\nTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\))");
  std::set<std::string> found;
  for (const fs::directory_entry& file : fs::directory_iterator(MIKO_SOURCE_DIR "/tests/fault")) {
    if (file.path().extension() != ".cpp") {
      continue;
    }
    EXPECT_NE(built.find("fault/" + file.path().filename().string()), std::string::npos) << file;
    const std::string text = read_file(file.path().string());
    for (std::sregex_iterator match(text.begin(), text.end(), definition), end; match != end;
         ++match) {
      found.insert((*match)[1].str() + "." + (*match)[2].str());
    }
  }
  return found;
}

TEST(FaultMatrix, HasATestOrAReasonForEveryRow) {
  const std::map<int, Row> rows = read_rows();
  const std::set<std::string> tests = tests_here();
  ASSERT_GT(tests.size(), 100U);

  int automated = 0;
  for (int number = 1; number <= row_count; ++number) {
    SCOPED_TRACE(number);
    ASSERT_TRUE(rows.contains(number));
    const Row& row = rows.at(number);
    EXPECT_FALSE(row.title.empty());
    EXPECT_TRUE(!row.tests.empty() || !row.note.empty()) << "neither test nor reason";
    for (const std::string& test : row.tests) {
      EXPECT_TRUE(tests.contains(test)) << "no such test: " << test;
    }
    automated += row.tests.empty() ? 0 : 1;
  }
  EXPECT_EQ(rows.size(), static_cast<std::size_t>(row_count));
  RecordProperty("automated", automated);
}

TEST(FaultMatrix, NamesEveryTestOfARow) {
  const std::map<int, Row> rows = read_rows();
  const std::regex numbered(R"(\w+\.Row(\d+)_\w+)");
  for (const std::string& test : tests_here()) {
    std::smatch number;
    if (std::regex_match(test, number, numbered)) {
      const auto row = rows.find(std::stoi(number[1]));
      ASSERT_NE(row, rows.end()) << test;
      EXPECT_TRUE(row->second.tests.contains(test)) << test << " is not in its row";
    }
  }
}

}  // namespace
}  // namespace miko::test
