// Expectations: what can be written, what holds, and what is said where it does not.

#include "cli/expectation.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

constexpr std::string_view order =
    R"({"id": 7, "total": 1.10, "name": "Ann \u00e9", "tags": ["x", "y"],
    "big": 10000000000000000000000000000000000000001, "paid": true, "note": null,
    "lines": [{"sku": "a", "price": 3}, {"sku": "b", "price": 4}], "a/b": {"m~n": 1}, "1e400": 1e400})";

/// Empty if `text` is true of `value`.
std::string unmet(std::string_view text, std::string_view value = order) {
  const std::optional<Unmet> found = find_unmet(parse_expectation(text), value);
  return found ? unmet_text(*found) : "";
}

std::string fault(std::string_view text) {
  try {
    static_cast<void>(parse_expectation(text));
    return "none";
  } catch (const Error& error) {
    return error.failure().message + " | " + error.failure().hint;
  }
}

TEST(Expectation, Holds) {
  for (const char* text : {"/id == 7",
                           "/id != 8",
                           "/id < 8",
                           "/id > 6.9",
                           "/id <= 7.0",
                           "/id >= 7",
                           "/total == 1.1",
                           "/total == 110e-2",
                           "/big == 10000000000000000000000000000000000000001",
                           "/big > 10000000000000000000000000000000000000000",
                           "/1e400 > 1e399",
                           "/name ~ ^A",
                           R"(/name ~ "é$")",
                           R"(/name == "Ann é")",
                           R"(/name > "Ali")",
                           "/name exists",
                           "/note exists",
                           "/nothing exists false",
                           "/id type integer",
                           "/id type number",
                           "/total type number",
                           "/note type null",
                           "/paid type boolean",
                           "/tags type array",
                           "/lines/0 type object",
                           "/tags length 2",
                           "/tags length >= 1",
                           "/name length 5",
                           "/lines/0 length 2",
                           R"(/tags contains "x")",
                           R"(/name contains "nn")",
                           R"(/lines contains {"sku": "b"})",
                           R"( contains {"id": 7.0})",
                           R"(/a~1b/m~0n == 1)",
                           R"("/a~1b" == {"m~n": 1})",
                           "type object",
                           "length 10",
                           R"(/lines == [{"price": 3, "sku": "a"}, {"sku": "b", "price": 4.0}])"}) {
    EXPECT_EQ(unmet(text), "") << text;
  }
}

TEST(Expectation, SaysWhatItGotInstead) {
  EXPECT_EQ(unmet("/id >= 10"), "/id: wanted >= 10, got 7");
  EXPECT_EQ(unmet("/id == 8"), "/id: wanted 8, got 7");
  EXPECT_EQ(unmet("/id == \"7\""), "/id: wanted \"7\", got 7");
  EXPECT_EQ(unmet("/id != 7"), "/id: wanted != 7, got 7");
  EXPECT_EQ(unmet("/name < 7"), "/name: wanted < 7, got \"Ann é\"");
  EXPECT_EQ(unmet("/name ~ ^B"), "/name: wanted ~ ^B, got \"Ann é\"");
  EXPECT_EQ(unmet("/id ~ 7"), "/id: wanted ~ 7, got 7, which is no string");
  EXPECT_EQ(unmet("/id exists false"), "/id: wanted nothing, got 7");
  EXPECT_EQ(unmet("/total type integer"), "/total: wanted type integer, got number 1.10");
  EXPECT_EQ(unmet("/tags length 3"), R"(/tags: wanted length 3, got length 2: ["x", "y"])");
  EXPECT_EQ(unmet("/tags length > 2"), R"(/tags: wanted length > 2, got length 2: ["x", "y"])");
  EXPECT_EQ(unmet("/id length 3"), "/id: wanted length 3, got 7, which has no length");
  EXPECT_EQ(unmet(R"(/tags contains "z")"), R"(/tags: wanted contains "z", got ["x", "y"])");
  EXPECT_EQ(unmet("== 42", "41"), "the result: wanted 42, got 41");
}

TEST(Expectation, SaysWhereThePointerEnds) {
  EXPECT_EQ(unmet("/lines/2/sku exists"),
            "/lines/2/sku: wanted anything, got nothing: /lines has 2 items");
  EXPECT_EQ(unmet("/a~1b/x == 1"), "/a~1b/x: wanted 1, got nothing: /a~1b has m~n");
  EXPECT_EQ(unmet("/id/x == 1"), "/id/x: wanted 1, got nothing: /id is 7");
  EXPECT_EQ(unmet("/x == 1", "{}"), "/x: wanted 1, got nothing: it is empty");
}

TEST(Expectation, PointsAtTheFirstDifference) {
  EXPECT_EQ(unmet(R"(/lines == [{"sku": "a", "price": 3}, {"sku": "b", "price": 5}])"),
            "/lines/1/price: wanted 5, got 4");
  EXPECT_EQ(unmet(R"(== {"a": 1, "b": 2})", R"({"a": 1})"), "/b: wanted 2, got nothing: it has a");
  EXPECT_EQ(unmet(R"(== {"a": 1})", R"({"a": 1, "b/c": [2]})"), "/b~1c: wanted nothing, got [2]");
  EXPECT_EQ(unmet("== [1]", "[1, 2]"), "the result: wanted length 1, got length 2: [1, 2]");
}

TEST(Expectation, ShowsNoControlCharactersAndNothingLong) {
  EXPECT_EQ(unmet("== 1", R"("\u001b[31m")"), R"(the result: wanted 1, got "\u001b[31m")");
  EXPECT_LT(unmet("== 1", "\"" + std::string(100'000, 'x') + "\"").size(), 300U);
}

TEST(Expectation, RefusesWhatCannotBeMeant) {
  EXPECT_EQ(fault("/name == Ann"), R"('Ann' behind == is not JSON: expected a value | a text has )"
                                   R"(quotes around it: "Ann")");
  EXPECT_EQ(fault("/total>=10"),
            "'/total>=10' is no expectation: no operator with blanks around "
            "it | put a blank before and behind >=");
  EXPECT_EQ(fault("/total contians 10"),
            "'/total contians 10' is no expectation: unknown operator "
            "'contians' | did you mean contains?");
  EXPECT_EQ(fault("/total"),
            "'/total' is no expectation: no operator | write '/total exists' if "
            "that is meant");
  EXPECT_EQ(fault("total == 1"), "'total' is no JSON pointer | a pointer begins with '/': /total");
  EXPECT_EQ(fault("/a~b == 1"),
            "'/a~b' is no JSON pointer | '~' is written ~0, and '/' in a key ~1");
  EXPECT_EQ(fault("/a type int"),
            "'int' is no type | there are null, boolean, number, integer, "
            "string, array, object");
  EXPECT_EQ(fault("/a type strin"), "'strin' is no type | did you mean string?");
  for (const char* text : {"", "/a ==", "/a ~", "/a ~ (", "/a length x", "/a length -1",
                           "/a length ~ 3", "/a < [1]", "/a exists maybe", "\"/a == 1"}) {
    EXPECT_NE(fault(text), "none") << text;
  }
}

}  // namespace
}  // namespace miko::cli
