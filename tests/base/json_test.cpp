#include "base/json.h"

#include <gtest/gtest.h>

#include <array>

namespace miko {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string nested(std::size_t depth, std::string_view open, std::string_view close) {
  std::string text;
  for (std::size_t i = 0; i < depth; ++i) {
    text += open;
  }
  text += '0';
  for (std::size_t i = 0; i < depth; ++i) {
    text += close;
  }
  return text;
}

/// "KEY=VALUE" of each member, as they stand in the text.
std::vector<std::string> split(std::string_view container) {
  std::vector<std::string> result;
  for (const JsonMember& member : json_members(container)) {
    result.push_back(std::string(member.key) + "=" + std::string(member.value));
  }
  return result;
}

TEST(FindJsonFault, AcceptsJson) {
  const std::string_view texts[] = {
      "null",
      "true",
      "false",
      "0",
      "-0",
      "-0.0",
      "1.10",
      "1e400",
      "1E+5",
      "1e-5",
      "10000000000000000000000000000000000000000",
      R"("")",
      R"("\"\\\/\b\f\n\r\t\u00e9")",
      R"("\u0000")",
      R"("\ud800")",
      R"("\udc00\ud800")",
      R"("é 😀")",
      "\"\x7f\xc2\x85\"",
      "[]",
      "{}",
      "[ ]",
      "{ }",
      " \t\r\n1 \t\r\n",
      R"([1, "x", [[]], {"a": {}}])",
      R"({"a": 1, "a": 2})",
      R"({"": 0})",
  };
  for (const std::string_view text : texts) {
    SCOPED_TRACE(text);

    EXPECT_FALSE(find_json_fault(text, JsonDialect::strict));
    EXPECT_FALSE(find_json_fault(text, JsonDialect::python));
  }
}

struct FaultCase {
  std::string_view text;
  std::size_t offset;
  std::string_view what;
};

TEST(FindJsonFault, SaysWhatIsWrongWithAScalarAndWhere) {
  const FaultCase cases[] = {
      {"", 0, "unexpected end"},
      {" ", 1, "unexpected end"},
      {"nul", 0, "expected a value"},
      {"True", 0, "expected a value"},
      {"'a'", 0, "expected a value"},
      {"\0"sv, 0, "expected a value"},
      {"\xef\xbb\xbf"
       "1",
       0, "expected a value"},
      {"nullx", 4, "unexpected text after the value"},
      {"1 2", 2, "unexpected text after the value"},
      {"1\0"sv, 1, "unexpected text after the value"},
      {"01", 1, "unexpected text after the value"},
      {"-01", 2, "unexpected text after the value"},
      {"0x10", 1, "unexpected text after the value"},
      {"+1", 0, "expected a value"},
      {".5", 0, "expected a value"},
      {"-", 1, "expected a digit"},
      {"--1", 1, "expected a digit"},
      {"1.", 2, "expected a digit"},
      {"1.e5", 2, "expected a digit"},
      {"1e", 2, "expected a digit"},
      {"1e+", 3, "expected a digit"},
  };
  for (const FaultCase& c : cases) {
    SCOPED_TRACE(c.text);

    const std::optional<JsonFault> fault = find_json_fault(c.text, JsonDialect::strict);

    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->offset, c.offset);
    EXPECT_EQ(fault->what, c.what);
  }
}

TEST(FindJsonFault, SaysWhatIsWrongWithAStringAndWhere) {
  const FaultCase cases[] = {
      {"\"a", 2, "unexpected end inside a string"},
      {R"("\x")", 2, "unknown escape in a string"},
      {R"("\u12g4")", 5, "expected four hexadecimal digits"},
      {R"("\u123)", 6, "expected four hexadecimal digits"},
      {"\"a\nb\"", 2, "control character inside a string"},
      {"\"\t\"", 1, "control character inside a string"},
      {"\"\0\""sv, 1, "control character inside a string"},
      {"\"\x1f\"", 1, "control character inside a string"},
      {"\"\xff\"", 1, "not UTF-8"},
      {"\"a\x80\"", 2, "not UTF-8"},
      {"\"\xc0\x80\"", 1, "not UTF-8"},
      {"\"\xe2\x82\"", 1, "not UTF-8"},
      {"\"\xed\xa0\x80\"", 1, "not UTF-8"},
      {"\"\xf4\x90\x80\x80\"", 1, "not UTF-8"},
  };
  for (const FaultCase& c : cases) {
    SCOPED_TRACE(c.text);

    const std::optional<JsonFault> fault = find_json_fault(c.text, JsonDialect::strict);

    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->offset, c.offset);
    EXPECT_EQ(fault->what, c.what);
  }
}

TEST(FindJsonFault, SaysWhatIsWrongWithAContainerAndWhere) {
  const FaultCase cases[] = {
      {"[", 1, "unexpected end"},
      {"[1", 2, "expected ',' or ']'"},
      {"[1 2]", 3, "expected ',' or ']'"},
      {"[1}", 2, "expected ',' or ']'"},
      {"[1,]", 3, "expected a value"},
      {"[,1]", 1, "expected a value"},
      {"]", 0, "expected a value"},
      {"{", 1, "expected a key or '}'"},
      {"{a: 1}", 1, "expected a key or '}'"},
      {"{1: 1}", 1, "expected a key or '}'"},
      {R"({"a"})", 4, "expected ':'"},
      {R"({"a" 1})", 5, "expected ':'"},
      {R"({"a":})", 5, "expected a value"},
      {R"({"a":1,})", 7, "expected a key"},
      {R"({"a":1 "b":2})", 7, "expected ',' or '}'"},
      {R"({"a":1])", 6, "expected ',' or '}'"},
      {"{\"\n\":1}", 2, "control character inside a string"},
      {"[] []", 3, "unexpected text after the value"},
  };
  for (const FaultCase& c : cases) {
    SCOPED_TRACE(c.text);

    const std::optional<JsonFault> fault = find_json_fault(c.text, JsonDialect::strict);

    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->offset, c.offset);
    EXPECT_EQ(fault->what, c.what);
  }
}

TEST(FindJsonFault, TakesNaNAndInfinityFromPythonOnly) {
  for (const std::string_view text : {"NaN", "Infinity", "-Infinity", "[NaN]", R"({"a":NaN})"}) {
    SCOPED_TRACE(text);

    const std::optional<JsonFault> fault = find_json_fault(text, JsonDialect::strict);

    EXPECT_FALSE(find_json_fault(text, JsonDialect::python));
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->what, "NaN and Infinity are not JSON");
  }
}

TEST(FindJsonFault, KnowsNoOtherSpellingOfNaNAndInfinity) {
  for (const std::string_view text : {"nan", "NAN", "-NaN", "+Infinity", "Inf", "-infinity"}) {
    SCOPED_TRACE(text);

    EXPECT_TRUE(find_json_fault(text, JsonDialect::python));
  }
}

TEST(FindJsonFault, TakesFiveHundredAndTwelveLevels) {
  EXPECT_FALSE(find_json_fault(nested(512, "[", "]"), JsonDialect::strict));
  EXPECT_FALSE(find_json_fault(nested(512, R"({"a":)", "}"), JsonDialect::strict));
}

TEST(FindJsonFault, RefusesOneLevelMore) {
  const auto arrays = find_json_fault(nested(513, "[", "]"), JsonDialect::python);
  const auto objects = find_json_fault(nested(513, R"({"a":)", "}"), JsonDialect::python);

  ASSERT_TRUE(arrays);
  EXPECT_EQ(arrays->what, "nested too deep");
  EXPECT_EQ(arrays->offset, 512U);
  ASSERT_TRUE(objects);
  EXPECT_EQ(objects->what, "nested too deep");
  EXPECT_EQ(objects->offset, 512U * 5);
}

TEST(FindJsonFault, CountsLevelsThatAreOpenAndNotThoseThatWere) {
  EXPECT_FALSE(find_json_fault("[" + nested(511, "[", "]") + "," + nested(511, "[", "]") + "]",
                               JsonDialect::strict));
}

TEST(JsonTypeOf, LooksBehindBlanks) {
  EXPECT_EQ(json_type(" null"), JsonType::null);
  EXPECT_EQ(json_type("\ttrue"), JsonType::boolean);
  EXPECT_EQ(json_type("false"), JsonType::boolean);
  EXPECT_EQ(json_type("\n-1"), JsonType::number);
  EXPECT_EQ(json_type("NaN"), JsonType::number);
  EXPECT_EQ(json_type("Infinity"), JsonType::number);
  EXPECT_EQ(json_type("-Infinity"), JsonType::number);
  EXPECT_EQ(json_type(R"( "x")"), JsonType::string);
  EXPECT_EQ(json_type("\r[]"), JsonType::array);
  EXPECT_EQ(json_type(" {}"), JsonType::object);
}

TEST(JsonMembers, SplitsTheTopLevelInOrderWithDoubles) {
  EXPECT_EQ(
      split(R"( { "b" : 1 , "a":[1, {"c": 2}] ,"b":"x,}" , "d" : { } } )"),
      (std::vector<std::string>{R"("b"=1)", R"("a"=[1, {"c": 2}])", R"("b"="x,}")", R"("d"={ })"}));
}

TEST(JsonMembers, SplitsArraysIntoItemsWithoutKeys) {
  EXPECT_EQ(split(R"([ 1 ,"x" , [2, 3], {"k": 4}, NaN ])"),
            (std::vector<std::string>{"=1", R"(="x")", "=[2, 3]", R"(={"k": 4})", "=NaN"}));
}

TEST(JsonMembers, FindsNothingInEmptyContainers) {
  EXPECT_TRUE(json_members("{}").empty());
  EXPECT_TRUE(json_members("[ ]").empty());
}

TEST(JsonMembers, KeepsEscapesOfKeys) {
  EXPECT_EQ(split(R"({"\u0061": 1})"), std::vector<std::string>{R"("\u0061"=1)"});
}

TEST(SplitJson, ChecksAndSplitsInOnePass) {
  std::vector<JsonMember> members;

  EXPECT_FALSE(split_json(R"({"a": [1, {"b": 2}], "c": "x"})", JsonDialect::strict, members));
  ASSERT_EQ(members.size(), 2U);
  EXPECT_EQ(members[0].value, R"([1, {"b": 2}])");
  EXPECT_EQ(members[1].key, R"("c")");

  const auto fault = split_json(R"({"a": 1, "b": NaN})", JsonDialect::strict, members);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->offset, 14U);
}

TEST(SplitJson, RefusesWhatIsTooDeepForAValueFromOutside) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  std::vector<JsonMember> members;

  EXPECT_FALSE(split_json(nested(json_depth_max), JsonDialect::strict, members));
  EXPECT_TRUE(split_json(nested(json_depth_max + 1), JsonDialect::strict, members));
}

/// The member `name` of an object.
std::optional<std::string_view> pick(std::string_view object, std::string_view name) {
  JsonPick one = {.name = name};
  EXPECT_FALSE(pick_json_members(object, JsonDialect::strict, std::span(&one, 1)));
  return one.value;
}

TEST(JsonPick, TakesTheLastOfDoubledKeys) {
  EXPECT_EQ(pick(R"({"a": 1, "b": 2, "a": [3]})", "a"), "[3]");
}

TEST(JsonPick, TakesEscapedKeysForThePlainOnes) {
  EXPECT_EQ(pick(R"({"a": 1, "\u0061": 2})", "a"), "2");
  EXPECT_EQ(pick(R"({"\u00e9": 1})", "é"), "1");
  EXPECT_EQ(pick(R"({"a\"b": 1})", "a\"b"), "1");
}

TEST(JsonPick, TakesEmptyKeysForNamesAndItemsForNone) {
  EXPECT_EQ(pick(R"({"": 1})", ""), "1");
  EXPECT_EQ(pick(R"([1, [2]])", ""), std::nullopt);
  EXPECT_EQ(pick("1", ""), std::nullopt);
}

TEST(JsonPick, LooksAtTheTopLevelOnly) {
  EXPECT_EQ(pick(R"({"x": {"a": 1}, "y": [{"a": 2}]})", "a"), std::nullopt);
}

TEST(JsonPick, FindsSeveralMembersAndFaultsInOnePass) {
  std::array picks = {JsonPick{.name = "result"}, JsonPick{.name = "error"}};

  EXPECT_FALSE(pick_json_members(R"( {"result" : {"a": [NaN]} , "error":null} )",
                                 JsonDialect::python, picks));
  EXPECT_EQ(picks[0].value, R"({"a": [NaN]})");
  EXPECT_EQ(picks[1].value, "null");

  const auto fault =
      pick_json_members(R"({"result": 1, "error": nul})", JsonDialect::python, picks);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->offset, 23U);
}

TEST(JsonDecodeString, DecodesEscapes) {
  const std::pair<std::string_view, std::string> cases[] = {
      {R"("")", ""},
      {R"("plain é")", "plain é"},
      {R"("\"\\\/")", "\"\\/"},
      {R"("\b\f\n\r\t")", "\b\f\n\r\t"},
      {R"("a\u0000b")", "a\0b"s},
      {R"("\u00e9\u00E9")", "éé"},
      {R"("\u20ac")", "€"},
      {R"("\ud83d\ude00")", "😀"},
      {R"("\uD83D\uDE00")", "😀"},
      {R"("\udbff\udfff")", "\xf4\x8f\xbf\xbf"},
      {R"("\ud83d")", "\xef\xbf\xbd"},
      {R"("\ude00")", "\xef\xbf\xbd"},
      {R"("\ud83dx")", "\xef\xbf\xbdx"},
      {R"("\ud83d\n")", "\xef\xbf\xbd\n"},
      {R"("\ude00\ud83d")", "\xef\xbf\xbd\xef\xbf\xbd"},
      {R"("\ud83d\ud83d\ude00")", "\xef\xbf\xbd😀"},
  };
  for (const auto& [token, text] : cases) {
    SCOPED_TRACE(token);

    EXPECT_EQ(json_decode_string(token), text);
  }
}

TEST(JsonDecodeString, TakesALargeStringApart) {
  // Escapes of each length across every place where a piece may end.
  const std::string more(200'000, 'y');
  for (std::size_t before = 65'530; before < 65'540; ++before) {
    const std::string plain(before, 'x');
    const std::string token = "\"" + plain + R"(\n\ud83d\ude00)" + more + R"(\u00e9")";
    const std::string expected = plain + "\n😀" + more + "é";
    std::string decoded;
    std::size_t largest = 0;
    json_decode_string(token, [&](std::string_view piece) {
      decoded += piece;
      largest = std::max(largest, piece.size());
    });

    EXPECT_TRUE(decoded == expected) << before;
    EXPECT_LE(largest, 128U * 1024) << before;
  }
}

TEST(JsonQuote, EscapesWhatJsonAndTerminalsMustNotSee) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"", R"("")"},
      {"plain é € 😀 /", R"("plain é € 😀 /")"},
      {R"(a"b\c)", R"("a\"b\\c")"},
      {"\n\r\t", R"("\n\r\t")"},
      {"\b\f\x01\x1b"s, R"("\u0008\u000c\u0001\u001b")"},
      {"a\0b"s, R"("a\u0000b")"},
      {"\x7f", R"("\u007f")"},
      {"\xc2\x80\xc2\x9f", R"("\u0080\u009f")"},
      {"\xe2\x80\xae\xe2\x81\xa6\xd8\x9c", R"("\u202e\u2066\u061c")"},
  };
  for (const auto& [text, token] : cases) {
    SCOPED_TRACE(token);

    EXPECT_EQ(json_quote(text), token);
  }
}

TEST(JsonQuote, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(json_quote("a\xff\xfe"
                       "b"),
            "\"a\xef\xbf\xbd\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(json_quote("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(json_quote("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonQuote, IsUndoneByDecoding) {
  const std::string text = "\0\x01\"\\/é😀\x7f\xc2\x85\xe2\x80\xae"s;

  const std::string token = json_quote(text);

  EXPECT_FALSE(find_json_fault(token, JsonDialect::strict));
  EXPECT_EQ(json_decode_string(token), text);
}

}  // namespace
}  // namespace miko
