// What fits the parameters of a method, and what Python says about the rest.

#include "nameko/signature.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko {
namespace {

std::string fault(std::string_view parameters, std::string_view args, std::string_view kwargs) {
  return Signature::parse(parameters).fault("add", args, kwargs).value_or("");
}

TEST(Signature, TakesWhatFits) {
  EXPECT_EQ(fault("", "[]", "{}"), "");
  EXPECT_EQ(fault("a", "[1]", "{}"), "");
  EXPECT_EQ(fault("a", "[]", R"({"a": 1})"), "");
  EXPECT_EQ(fault("a, b=0", "[1]", "{}"), "");
  EXPECT_EQ(fault("a, b=0", "[1]", R"({"b": 2})"), "");
  EXPECT_EQ(fault("*rest", "[1, 2, 3]", "{}"), "");
  EXPECT_EQ(fault("a, *rest, **more", "[1, 2]", R"({"c": 2})"), "");
}

// The texts are those of Python 3.11 for methods of a class, whose `self` it counts.
TEST(Signature, SaysWhatPythonSays) {
  EXPECT_EQ(fault("a, b=0", "[]", "{}"), "add() missing 1 required positional argument: 'a'");
  EXPECT_EQ(fault("a, b", "[]", "{}"),
            "add() missing 2 required positional arguments: 'a' and 'b'");
  EXPECT_EQ(fault("a, b, c", "[]", "{}"),
            "add() missing 3 required positional arguments: 'a', 'b' and 'c'");
  EXPECT_EQ(fault("a, b=0", "[1, 2, 3]", "{}"),
            "add() takes from 2 to 3 positional arguments but 4 were given");
  EXPECT_EQ(fault("a", "[1, 2]", "{}"), "add() takes 2 positional arguments but 3 were given");
  EXPECT_EQ(fault("", "[1]", "{}"), "add() takes 1 positional argument but 2 were given");
  EXPECT_EQ(fault("a, b=0", "[1]", R"({"zz": 1})"),
            "add() got an unexpected keyword argument 'zz'");
  EXPECT_EQ(fault("a, b=0", "[1]", R"({"a": 1})"), "add() got multiple values for argument 'a'");
}

TEST(Signature, GivesEveryParameterItsValue) {
  EXPECT_EQ(Signature::parse(R"(a, b="x, y", c=[1, 2])").bind("[1]", R"({"c": 1.10})"),
            R"({"a": 1, "b": "x, y", "c": 1.10})");
  EXPECT_EQ(Signature::parse("a, *rest, **more").bind("[1, 2, 3]", R"({"k": null})"),
            R"({"a": 1, "rest": [2, 3], "more": {"k": null}})");
}

TEST(Signature, RefusesWhatIsNoParameter) {
  for (const char* text : {"1a", "a b", "a,,b", "a=1, b", "a, a", "a={", "***a", "*a=1", "**a, b",
                           "*a, b", "*", "a-b", ","}) {
    EXPECT_THROW(static_cast<void>(Signature::parse(text)), Error) << text;
  }
}

}  // namespace
}  // namespace miko
