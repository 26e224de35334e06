#include "base/json_stream.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace miko {
namespace {

using Texts = std::vector<std::string>;

/// The texts of all values that the stream has now.
void take_all(JsonStream& stream, Texts& texts) {
  while (const std::optional<JsonStream::Value> value = stream.next()) {
    texts.emplace_back(value->text);
  }
}

Texts values_of(std::string_view input) {
  JsonStream stream;
  Texts texts;
  stream.append(input);
  take_all(stream, texts);
  stream.finish();
  take_all(stream, texts);
  return texts;
}

std::vector<std::size_t> lines_of(std::string_view input) {
  JsonStream stream;
  stream.append(input);
  stream.finish();
  std::vector<std::size_t> lines;
  while (const std::optional<JsonStream::Value> value = stream.next()) {
    lines.push_back(value->line);
  }
  return lines;
}

TEST(JsonStream, CutsOneValueALine) {
  EXPECT_EQ(values_of("{\"a\": 1}\n[2, 3]\n{}\n"), (Texts{"{\"a\": 1}", "[2, 3]", "{}"}));
}

TEST(JsonStream, CutsSeveralValuesALine) {
  EXPECT_EQ(values_of(R"({"a":1}{"b":2} [3][4]  "x""y" 5 {})"),
            (Texts{R"({"a":1})", R"({"b":2})", "[3]", "[4]", "\"x\"", "\"y\"", "5", "{}"}));
}

TEST(JsonStream, TakesAValueThatIsSpreadOverLines) {
  const std::string pretty = "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ]\n}";
  const std::string flush_left = "[\n{\n\"a\":\n{\n\"b\": 1},\n\"c\":\n[\n[]]},\n{}\n]";

  EXPECT_EQ(values_of(pretty + "\n" + pretty), (Texts{pretty, pretty}));
  EXPECT_EQ(values_of(flush_left + "\n7"), (Texts{flush_left, "7"}));
}

TEST(JsonStream, TakesScalars) {
  EXPECT_EQ(values_of("1\n-2.5e3 true\nnull \"a b\"\nNaN\n"),
            (Texts{"1", "-2.5e3", "true", "null", "\"a b\"", "NaN"}));
}

TEST(JsonStream, LooksAtNoBracketInsideOfAString) {
  const Texts texts = {R"({"a":"}{][\"}","b":"\\"})", R"(["\\\"]"])", R"("{[\"")"};

  EXPECT_EQ(values_of(texts[0] + texts[1] + texts[2]), texts);
}

TEST(JsonStream, HasNothingForBlanks) {
  EXPECT_EQ(values_of(""), Texts{});
  EXPECT_EQ(values_of(" \r\n\t\n  "), Texts{});
}

TEST(JsonStream, TakesLinesThatEndAsOnWindows) {
  EXPECT_EQ(values_of("{\"a\":1}\r\n[2]\r\n3\r\n"), (Texts{"{\"a\":1}", "[2]", "3"}));
  EXPECT_EQ(values_of("[1,\r\n{\"a\":\r\n2}]\r\n"), (Texts{"[1,\r\n{\"a\":\r\n2}]"}));
}

TEST(JsonStream, NeedsNoNewlineAtTheEnd) {
  EXPECT_EQ(values_of("{\"a\":1}"), (Texts{"{\"a\":1}"}));
  EXPECT_EQ(values_of("12"), (Texts{"12"}));
  EXPECT_EQ(values_of("\"x\""), (Texts{"\"x\""}));
}

TEST(JsonStream, HandsOutAValueAsSoonAsItsLastByteIsThere) {
  JsonStream stream;
  stream.append(R"({"a":[1)");
  EXPECT_FALSE(stream.next());
  stream.append("]");
  EXPECT_FALSE(stream.next());
  stream.append("}");
  EXPECT_EQ(stream.next()->text, R"({"a":[1]})");

  stream.append("12");
  EXPECT_FALSE(stream.next()) << "it may go on";
  stream.append(" ");
  EXPECT_EQ(stream.next()->text, "12");
}

TEST(JsonStream, HandsOutWhatHasBegunWhenTheInputEnds) {
  for (const char* begun :
       {"{\"a\": [1", "[\"a", "\"a", "\"a\\", "[\"a\\", "{\"a\":1,\n\"b", "tru"}) {
    EXPECT_EQ(values_of(begun), (Texts{begun}));
  }
}

TEST(JsonStream, AValueThatBreaksOffLeavesTheNextLineAlone) {
  const std::string good = R"({"service": "orders", "args": [{"id": 7}]})";
  for (std::size_t size = 1; size < good.size(); ++size) {
    const std::string broken = good.substr(0, size);
    // Behind these a new line may as well hold the rest of the same value.
    if (broken.ends_with(':') || broken.ends_with(": ") || broken.ends_with('[')) {
      continue;
    }
    const Texts texts = values_of(broken + "\n" + good + "\n" + good + "\n");

    ASSERT_EQ(texts.size(), 3U) << broken;
    EXPECT_EQ(texts[0].substr(0, size), broken);
    EXPECT_EQ(texts[1], good) << broken;
    EXPECT_EQ(texts[2], good) << broken;
  }
}

TEST(JsonStream, AValueThatMayGoOnTakesOnlyOneLineAlong) {
  const std::string good = R"({"args": [1]})";

  EXPECT_EQ(values_of("{\"args\":\n" + good + "\n" + good + "\n").back(), good);
  EXPECT_EQ(values_of("{\"args\": [\n" + good + "\n" + good + "\n").back(), good);
}

TEST(JsonStream, AValueOfSeveralLinesThatBreaksOffLeavesTheNextAlone) {
  const std::string good = "{\n  \"a\": 1\n}";

  const Texts texts = values_of("{\n  \"a\": [\n    1,\n    2\n" + good + "\n" + good);

  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts[1], good);
  EXPECT_EQ(texts[2], good);
}

TEST(JsonStream, ANestedObjectBehindAMissingCommaIsNoValueOfItsOwn) {
  const std::string bad =
      "{\n  \"service\": \"orders\"\n  \"args\": [\n    {\"a\": 1}\n    {\"service\": \"evil\"}\n"
      "  ]\n}";

  EXPECT_EQ(values_of(bad + "\n{}\n"), (Texts{bad, "{}"}));
}

TEST(JsonStream, AStringEndsWithItsLine) {
  EXPECT_EQ(values_of("[\"a\n[\"b\"]\n"), (Texts{"[\"a", "[\"b\"]"}));
  EXPECT_EQ(values_of("\"a\n\"b\"\n"), (Texts{"\"a", "\"b\""}));
  EXPECT_EQ(values_of("[\"a\\\n[\"b\"]\n"), (Texts{"[\"a\\", "[\"b\"]"}));
}

TEST(JsonStream, HandsOutGarbageInPieces) {
  EXPECT_EQ(values_of("hello world\n"), (Texts{"hello", "world"}));
  EXPECT_EQ(values_of("]}\n[1]\n"), (Texts{"]}", "[1]"}));
  EXPECT_EQ(values_of("x[1]}\n"), (Texts{"x", "[1]", "}"}));
  EXPECT_EQ(values_of("{)]"), (Texts{"{)]"})) << "brackets are counted, not matched";
}

TEST(JsonStream, PassesOverTheRestOfABadLine) {
  JsonStream stream;
  stream.append("hello {\"a\": 1} \"x\n[1]\n");

  EXPECT_EQ(stream.next()->text, "hello");
  stream.skip_line();
  EXPECT_EQ(stream.next()->text, "[1]");
}

TEST(JsonStream, PassesOverTheRestOfABadLineThatHasNotArrivedYet) {
  JsonStream stream;
  stream.append("hello wor");
  EXPECT_EQ(stream.next()->text, "hello");

  stream.skip_line();

  EXPECT_FALSE(stream.next());
  stream.append("ld {}");
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(stream.pending(), 0U);
  stream.append(" []\n[1]\n");
  EXPECT_EQ(stream.next()->text, "[1]");
}

TEST(JsonStream, HasNothingToPassOverBehindAValueThatBrokeOff) {
  for (const char* broken : {"{\"a\": [1", "{\"a\": \"x", "[1}"}) {
    JsonStream stream;
    stream.append(std::string(broken) + "\n{\"b\": 2}\n");
    EXPECT_EQ(stream.next()->text.substr(0, std::string(broken).size()), broken);

    stream.skip_line();

    EXPECT_EQ(stream.next()->text, "{\"b\": 2}") << broken;
  }
}

TEST(JsonStream, PassesOverAByteOrderMarkAtTheStart) {
  EXPECT_EQ(values_of("\xef\xbb\xbf{\"a\": 1}\n[2]\n"), (Texts{"{\"a\": 1}", "[2]"}));
  EXPECT_EQ(lines_of("\xef\xbb\xbf\n1\n2"), (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(values_of("\xef\xbb\xbf"), Texts());
}

TEST(JsonStream, PassesOverAByteOrderMarkThatComesInPieces) {
  JsonStream stream;
  Texts texts;
  for (const char* piece : {"\xef", "\xbb", "\xbf", "7 "}) {
    stream.append(piece);
    take_all(stream, texts);
  }

  EXPECT_EQ(texts, Texts{"7"});
}

TEST(JsonStream, KeepsAByteOrderMarkAnywhereElse) {
  EXPECT_EQ(values_of("1 \xef\xbb\xbf"), (Texts{"1", "\xef\xbb\xbf"}));
  EXPECT_EQ(values_of("\xef\xbb"), Texts{"\xef\xbb"});
}

TEST(JsonStream, CountsLines) {
  EXPECT_EQ(lines_of("1\n\n{\n\"a\": 2\n} 3\n4"), (std::vector<std::size_t>{1, 3, 5, 6}));
  EXPECT_EQ(lines_of("[1\n{}\n\"a\n2"), (std::vector<std::size_t>{1, 2, 3, 4}));
  EXPECT_EQ(lines_of("{}\r\n{}\r\n"), (std::vector<std::size_t>{1, 2}));
}

TEST(JsonStream, KnowsHowMuchItHolds) {
  JsonStream stream;
  stream.append("[1] [22");
  EXPECT_EQ(stream.pending(), 7U);
  stream.next();
  EXPECT_EQ(stream.pending(), 4U);
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(stream.pending(), 3U);
}

TEST(JsonStream, CutsAlikeWhereverThePiecesEnd) {
  const std::string input =
      "{\"a\": \"\\\\\\\"}\xc3\xa9\"}\r\n[1,\n{\"b\":\n{}}] 12\"x\"\n{\"broken\": [\"\\\n"
      "{\"c\": [\n  1\n]}\ngarbage }{\"d\":1}\n\"tail\\";
  const Texts whole = values_of(input);
  ASSERT_EQ(whole.size(), 10U);

  for (std::size_t cut = 0; cut <= input.size(); ++cut) {
    JsonStream stream;
    Texts texts;
    for (const std::string& piece : {input.substr(0, cut), input.substr(cut)}) {
      stream.append(piece);
      take_all(stream, texts);
    }
    stream.finish();
    take_all(stream, texts);
    EXPECT_EQ(texts, whole) << "cut at " << cut;
  }
  JsonStream stream;
  Texts texts;
  for (const char byte : input) {
    stream.append(std::string(1, byte));
    take_all(stream, texts);
  }
  stream.finish();
  take_all(stream, texts);
  EXPECT_EQ(texts, whole) << "byte by byte";
}

}  // namespace
}  // namespace miko
