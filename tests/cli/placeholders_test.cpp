// Places for variables in texts, values and JSON with places in it.

#include "cli/placeholders.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "base/json.h"

namespace miko::cli {
namespace {

std::string look_up(const Placeholder& place) {
  static const std::map<std::string, std::string> values = {
      {"id", "7"}, {"name", R"("Ann \"A\"")"}, {"list", R"([1, "b"])"}, {"big", "1.10"}};
  const auto found = values.find(place.name);
  return found != values.end() ? found->second : fallback_value(place.fallback.value_or("none"));
}

TEST(Placeholders, AreFilledAsText) {
  EXPECT_EQ(fill_text("order ${id} of ${name}: ${list}", look_up),
            R"(order 7 of Ann "A": [1,"b"])");
  EXPECT_EQ(fill_text("${other:x y}${other:}", look_up), "x y");
  EXPECT_EQ(fill_text("$${id} $id $ 5$", look_up), "${id} $id $ 5$");
  EXPECT_EQ(fill_text("a${id}", look_up,
                      [](std::string_view text) { return "<" + std::string(text) + ">"; }),
            "a<7>");
}

TEST(Placeholders, BecomeTheValueWhereTheyAreAll) {
  EXPECT_EQ(fill_value(R"(["${id}", "${list}", "${big}", "no ${id}", {"${id}": "${name}"}, 1.0])",
                       look_up),
            R"([7, [1, "b"], 1.10, "no 7", {"${id}": "Ann \"A\""}, 1.0])");
  EXPECT_EQ(fill_value(R"("${n:5}")", look_up), "5");
  EXPECT_EQ(fill_value(R"("${n:five}")", look_up), R"("five")");
  EXPECT_EQ(fill_value(R"("$${id}")", look_up), R"("${id}")");
}

TEST(Placeholders, AreFilledInJsonWithAndWithoutQuotes) {
  EXPECT_EQ(
      fill_json(R"({"id": ${id}, "who": "by ${name}", "l": ${list}, "q": "\"${id}"})", look_up),
      R"({"id": 7, "who": "by Ann \"A\"", "l": [1, "b"], "q": "\"7"})");
}

TEST(Placeholders, AreFound) {
  const std::vector<Placeholder> found = placeholders("${a} $${b} ${c:d}");

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "a");
  EXPECT_EQ(found[1].name, "c");
  EXPECT_EQ(found[1].fallback, "d");
}

TEST(Placeholders, HaveAnEndAndAName) {
  for (const char* text : {"${", "${a", "${}", "${a b}", "${1a}", "${a-b}"}) {
    EXPECT_THROW(static_cast<void>(placeholders(text)), Error) << text;
  }
}

}  // namespace
}  // namespace miko::cli
