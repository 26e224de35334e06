#include "cli/awaiting.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

TEST(MissingText, NamesWhatIsNotThereYet) {
  const Wanted wanted = {.services = {"orders", "payments", "mail"}};

  EXPECT_EQ(missing_text(wanted, {{.deployed = false},
                                  {.deployed = true, .instances = 0, .ready = 14},
                                  {.deployed = true, .instances = 1}}),
            "orders was never deployed here, payments has no instance (14 waiting)");
}

TEST(MissingText, CountsInstances) {
  const Wanted wanted = {.services = {"orders"}, .instances = 3};

  EXPECT_EQ(missing_text(wanted, {{.deployed = true, .instances = 1}}),
            "orders has 1 of 3 instances");
  EXPECT_EQ(missing_text(wanted, {{.deployed = true, .instances = 3}}), "");
}

}  // namespace
}  // namespace miko::cli
