// The variables of a suite, and which of them nobody may see.

#include "cli/variables.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

TEST(Variables, AreLookedUp) {
  Variables variables;
  variables.set("id", "7");

  EXPECT_EQ(variables.look_up({.name = "id"}), "7");
  EXPECT_EQ(variables.look_up({.name = "other", .fallback = "x"}), "\"x\"");
  EXPECT_THROW(static_cast<void>(variables.look_up({.name = "idd"})), Error);
}

TEST(Variables, AreMaskedWhereTheyAreSecret) {
  Variables variables;
  variables.set("token", R"("a\"b/c")");
  variables.hide("token");
  variables.hide("late");
  variables.set("late", R"({"key": "s3cret", "number": 4711, "on": true})");

  EXPECT_EQ(variables.masked(R"(raw a"b/c, JSON "a\"b/c", s3cret 4711 true)"),
            R"(raw ********, JSON "********", ******** ******** true)");
}

TEST(Variables, AreMaskedTheLongestFirst) {
  Variables variables;
  variables.hide("a");
  variables.hide("b");
  variables.set("a", R"("abc")");
  variables.set("b", R"("abcdef")");

  EXPECT_EQ(variables.masked("abcdef abc"), "******** ********");
}

}  // namespace
}  // namespace miko::cli
