#include "cli/count.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

std::string complaint_about(std::string_view text) {
  try {
    static_cast<void>(parse_count("-j", text, 1, 1000));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

TEST(ParseCount, ReadsWholeNumbers) {
  EXPECT_EQ(parse_count("-j", "1", 1, 1000), 1U);
  EXPECT_EQ(parse_count("-j", "1000", 1, 1000), 1000U);
  EXPECT_EQ(parse_count("-j", "007", 1, 1000), 7U);
  EXPECT_EQ(parse_count("-n", "0", 0, 5), 0U);
}

TEST(ParseCount, ReadsThousandsAndMillions) {
  EXPECT_EQ(parse_count("-n", "10k", 1, 1'000'000'000), 10'000U);
  EXPECT_EQ(parse_count("-n", "2M", 1, 1'000'000'000), 2'000'000U);
  EXPECT_EQ(parse_count("-j", "1k", 1, 1000), 1000U);
}

TEST(ParseCount, RefusesWhatIsOutOfRangeOrNoNumber) {
  for (const char* text :
       {"", "0", "-1", "1001", "2k", "1M", "1.5", "1e2", "+1", " 1", "1 ", "0x10", "k", "10K",
        "1kk", "nan", "18446744073709551616", "18446744073709551615k", "99999999999999999999k"}) {
    EXPECT_EQ(complaint_about(text), "-j is not a whole number from 1 to 1000") << text;
  }
}

}  // namespace
}  // namespace miko::cli
