// Regular expressions that cannot take long.

#include "cli/pattern.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

TEST(Pattern, MatchesAnyPart) {
  EXPECT_TRUE(Pattern("^A.*n$").found_in("Ann"));
  EXPECT_TRUE(Pattern("n").found_in("Ann"));
  EXPECT_TRUE(Pattern("^.$").found_in("é"));
  EXPECT_FALSE(Pattern("^n").found_in("Ann"));
}

TEST(Pattern, TakesTimeInProportionToTheText) {
  EXPECT_FALSE(Pattern("(a*)*b").found_in(std::string(100'000, 'a')));
  EXPECT_FALSE(Pattern("(a|aa)+$").found_in(std::string(100'000, 'a') + "c"));
}

TEST(Pattern, RefusesWhatIsNoneAndWhatIsTooLarge) {
  EXPECT_THROW(Pattern("("), Error);
  EXPECT_THROW(Pattern("(?=a)"), Error);
  EXPECT_THROW(Pattern("((a{1000}){1000}){1000}"), Error);
}

TEST(Pattern, MakesALiteral) {
  EXPECT_TRUE(Pattern("^" + Pattern::literal("a.b*") + "$").found_in("a.b*"));
  EXPECT_FALSE(Pattern("^" + Pattern::literal("a.b*") + "$").found_in("aXb"));
}

}  // namespace
}  // namespace miko::cli
