// What a run came to, in words.

#include "cli/suite_result.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

TEST(SuiteCounts, CountAndSum) {
  SuiteCounts counts;
  counts.add({.verdict = Verdict::passed});
  counts.add({.verdict = Verdict::skipped});
  EXPECT_TRUE(counts.good());
  EXPECT_EQ(summary_text(counts, std::chrono::milliseconds(1200)),
            "2 cases in 1.2 s: 1 passed, 1 skipped");

  counts.add({.verdict = Verdict::not_run});
  EXPECT_FALSE(counts.good());
}

TEST(DetailLines, EndWithTheRequest) {
  const CaseResult result = {.verdict = Verdict::failed,
                             .unmet = {{.pointer = "/id", .wanted = "7", .got = "8"}},
                             .request = "miko call a b",
                             .attempts = 3};

  EXPECT_EQ(detail_lines(result), (std::vector<std::string>{"/id: wanted 7, got 8",
                                                            "after 3 attempts", "miko call a b"}));
}

}  // namespace
}  // namespace miko::cli
