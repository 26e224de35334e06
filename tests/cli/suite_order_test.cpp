// Which cases wait for which, and which of them a filter chooses.

#include "cli/suite_order.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

SuiteCase one(std::string name, std::set<std::string> uses, Captures capture = {}) {
  return {.name = std::move(name), .capture = std::move(capture), .uses = std::move(uses)};
}

Suite chain() {
  return {.setup = {one("login", {}, {{"token", "/token"}})},
          .cases = {one("read", {"id", "token"}), one("create", {"token"}, {{"id", "/id"}}),
                    one("other", {})}};
}

TEST(SuiteOrder, FollowsCaptures) {
  EXPECT_EQ(prerequisites(chain(), Phase::cases),
            (std::vector<std::vector<std::size_t>>{{1}, {}, {}}));
  EXPECT_EQ(find_order_fault(chain()).line, 0U);
}

TEST(SuiteOrder, ChoosesByNameAndWhatIsNeededForIt) {
  EXPECT_EQ(chosen_cases(chain(), {}), (std::vector<bool>{true, true, true}));
  EXPECT_EQ(chosen_cases(chain(), {"re*"}), (std::vector<bool>{true, true, false}));
  EXPECT_EQ(chosen_cases(chain(), {"crea?e", "other"}), (std::vector<bool>{false, true, true}));
  EXPECT_EQ(count_results(chain(), {"re*"}), 3U);
}

}  // namespace
}  // namespace miko::cli
