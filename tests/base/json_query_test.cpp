// Pointers into values, what is equal, and values with places for others.

#include "base/json_query.h"

#include <gtest/gtest.h>

namespace miko {
namespace {

TEST(JsonAt, FollowsAPointer) {
  const std::string value = R"({"a": [1, {"b/c": 2, "": 3, "~": 4}], "a2": null})";

  EXPECT_EQ(json_at(value, ""), value);
  EXPECT_EQ(json_at(value, "/a/0"), "1");
  EXPECT_EQ(json_at(value, "/a/1/b~1c"), "2");
  EXPECT_EQ(json_at(value, "/a/1/"), "3");
  EXPECT_EQ(json_at(value, "/a/1/~0"), "4");
  EXPECT_EQ(json_at(value, "/a2"), "null");
  for (const char* nowhere : {"a", "/b", "/a/2", "/a/01", "/a/-", "/a/x", "/a2/0", "/a/0/0"}) {
    EXPECT_FALSE(json_at(value, nowhere)) << nowhere;
  }
}

TEST(JsonEqual, LooksAtWhatIsMeant) {
  EXPECT_TRUE(json_equal(R"({"a": 1, "b": [true]})", R"({"b":[true],"a":1.0})"));
  EXPECT_TRUE(json_equal(R"("\u00e9")", "\"é\""));
  EXPECT_TRUE(json_equal("1.10", "11e-1"));
  EXPECT_TRUE(json_equal("-0.0", "0"));
  EXPECT_TRUE(json_equal(R"({"a": 1, "a": 2})", R"({"a": 2})"));
  EXPECT_FALSE(json_equal("1e400", "1e401"));
  EXPECT_FALSE(json_equal("10000000000000000000000000001", "10000000000000000000000000002"));
  EXPECT_FALSE(json_equal("1", "true"));
  EXPECT_FALSE(json_equal("[1]", "[1, 2]"));
  EXPECT_FALSE(json_equal(R"({"a": 1})", R"({"a": 1, "b": 2})"));
}

TEST(JsonIncludes, LooksAtTheMembersOfThePart) {
  EXPECT_TRUE(json_includes(R"({"a": {"b": 1, "c": 2}, "d": 3})", R"({"a": {"c": 2}})"));
  EXPECT_TRUE(json_includes(R"({"a": 1})", "{}"));
  EXPECT_FALSE(json_includes(R"({"a": 1})", R"({"b": 1})"));
  EXPECT_FALSE(json_includes(R"({"a": [1, 2]})", R"({"a": [1]})"));
}

TEST(JsonFill, PutsValuesIntoTheirPlaces) {
  const std::string request = R"({"args": [1.10, "é\n"], "kwargs": {}})";
  const auto fill = [&request](std::string_view value) {
    std::string missing;
    return json_fill(
               value, [&request](std::string_view at) { return json_at(request, at); }, missing)
        .value_or("missing " + missing);
  };

  EXPECT_EQ(fill(R"({"n": "{{/args/0}}", "k": ["{{/kwargs}}"]})"), R"({"n": 1.10, "k": [{}]})");
  EXPECT_EQ(fill(R"("{{/args/0}} of {{/args/1}}!")"), R"("1.10 of é\n!")");
  EXPECT_EQ(fill(R"("\u00e9 {{name}} {{/")"), R"("\u00e9 {{name}} {{/")");
  EXPECT_EQ(fill(R"(["{{/args/2}}"])"), "missing /args/2");
}

TEST(JsonDistinctMembers, AreSortedByDecodedKeysWithTheLastOfDoubles) {
  const JsonDistinctMembers members = json_distinct_members(R"({"b": 1, "\u0061": 2, "b": [3]})");

  EXPECT_EQ(members, (JsonDistinctMembers{{"a", "2"}, {"b", "[3]"}}));
  EXPECT_TRUE(json_distinct_members("{}").empty());
}

}  // namespace
}  // namespace miko
