#include "cli/arguments.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

using std::chrono::seconds;
using test::TemporaryDirectory;
using Words = std::vector<std::string>;

Arguments parse(const ArgumentWords& words) {
  const Loop loop;
  FileInput input(loop, Clock::now() + seconds(10));
  return parse_arguments(words, input);
}

Failure failure_of(const ArgumentWords& words) {
  try {
    static_cast<void>(parse(words));
  } catch (const Error& error) {
    return error.failure();
  }
  return {};
}

TEST(ParseArguments, ReadsItems) {
  struct Case {
    std::string item;
    std::string_view args;
    std::string_view kwargs;
  };
  const Case cases[] = {
      {"id=7", "[]", R"({"id": "7"})"},
      {"id:=7", "[]", R"({"id": 7})"},
      {"id=", "[]", R"({"id": ""})"},
      {"id= x ", "[]", R"({"id": " x "})"},
      {"a=b=c", "[]", R"({"a": "b=c"})"},
      {"a==b", "[]", R"({"a": "=b"})"},
      {"a:b=c", "[]", R"({"a:b": "c"})"},
      {"a::=1", "[]", R"({"a:": 1})"},
      {"a.b-c d=1", "[]", R"({"a.b-c d": "1"})"},
      {"a\"b=\"\\", "[]", R"({"a\"b": "\"\\"})"},
      {"größe=é😀", "[]", R"({"größe": "é😀"})"},
      {"t=\n\x1b\x7f", "[]", R"({"t": "\n\u001b\u007f"})"},
      {"j:=[1.10, {\"b\": 1, \"a\": 2}]", "[]", R"({"j": [1.10, {"b": 1, "a": 2}]})"},
      {"j:= null ", "[]", R"({"j":  null })"},
      {"j:=\"x=y\"", "[]", R"({"j": "x=y"})"},
      {"=x", R"(["x"])", "{}"},
      {"=", R"([""])", "{}"},
      {"==", R"(["="])", "{}"},
      {":=7", "[7]", "{}"},
      {":=10000000000000000000000000000000000000000", "[10000000000000000000000000000000000000000]",
       "{}"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.item);

    const Arguments arguments = parse({.items = {c.item}});

    EXPECT_EQ(arguments.args, c.args);
    EXPECT_EQ(arguments.kwargs, c.kwargs);
  }
}

TEST(ParseArguments, KeepsTheOrderOfItems) {
  const Arguments arguments = parse({.items = {"b=1", "=x", "a:=2", ":=3"}});

  EXPECT_EQ(arguments.args, R"(["x", 3])");
  EXPECT_EQ(arguments.kwargs, R"({"b": "1", "a": 2})");
}

TEST(ParseArguments, GivesNothingForNothing) {
  const Arguments arguments = parse({});

  EXPECT_EQ(arguments.args, "[]");
  EXPECT_EQ(arguments.kwargs, "{}");
  EXPECT_EQ(arguments.context, "{}");
  EXPECT_EQ(arguments.headers, "{}");
}

TEST(ParseArguments, RefusesItemsThatAreNone) {
  EXPECT_EQ(failure_of({.items = {"word"}}).message, "argument 'word' has no '='");
  EXPECT_EQ(failure_of({.items = {""}}).message, "argument '' has no '='");
  EXPECT_EQ(failure_of({.items = {"a:1\x1b"}}).message, R"(argument 'a:1\x1b' has no '=')");
  EXPECT_EQ(failure_of({.items = {"a=\xff"}}).message, "argument a is not UTF-8 text");
  EXPECT_EQ(failure_of({.items = {"=\xff"}}).message, "a positional argument is not UTF-8 text");
}

TEST(ParseArguments, RefusesItemsThatAreNotJson) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"a:=b", "argument a is not JSON at line 1, column 1: expected a value"},
      {"a:=", "argument a is not JSON at line 1, column 1: unexpected end"},
      {":=NaN",
       "a positional argument is not JSON at line 1, column 1: NaN and Infinity are not "
       "JSON"},
      {":=:=1", "a positional argument is not JSON at line 1, column 1: expected a value"},
      {"a:=1 2", "argument a is not JSON at line 1, column 3: unexpected text after the value"},
  };
  for (const auto& [item, message] : cases) {
    EXPECT_EQ(failure_of({.items = {item}}).message, message);
  }
}

TEST(ParseArguments, RefusesAKeywordThatIsGivenTwice) {
  const ArgumentWords many[] = {
      {.items = {"a=1", "a=2"}},
      {.items = {"a=1", "a:=2"}},
      {.items = {"a=1"}, .args = R"({"a": 1})"},
      {.items = {"a=1"}, .kwargs = R"({"\u0061": 1})"},
      {.args = R"({"a": 1})", .kwargs = R"({"a": 1})"},
      {.kwargs = R"({"a": 1, "a": 1})"},
  };
  for (const ArgumentWords& words : many) {
    const Failure failure = failure_of(words);

    EXPECT_EQ(failure.kind, ErrorKind::usage);
    EXPECT_EQ(failure.message, "'a' is given twice");
  }
}

TEST(ParseArguments, PutsOptionsInFrontOfItems) {
  const Arguments positional = parse({.items = {"=x"}, .args = " [1.10, [2]] "});
  const Arguments keyword = parse({.items = {"c=3"}, .kwargs = R"({"b":2, "a":[1, 1]})"});
  const Arguments both = parse({.args = R"({"b": 1})", .kwargs = R"({"\u00e9": 2})"});

  EXPECT_EQ(positional.args, R"([1.10, [2], "x"])");
  EXPECT_EQ(keyword.kwargs, R"({"b":2, "a":[1, 1], "c": "3"})");
  EXPECT_EQ(both.args, "[]");
  EXPECT_EQ(both.kwargs, R"({"b": 1, "\u00e9": 2})");
}

TEST(ParseArguments, AddsItemsToWhateverAnOptionHas) {
  struct Case {
    std::string option;
    std::string_view args;
    std::string_view kwargs;
  };
  const Case cases[] = {
      {"[]", R"(["x"])", R"({"c": 3})"},
      {" [ \n] ", R"(["x"])", R"({"c": 3})"},
      {"[[ ]\n]\n", R"([[ ], "x"])", R"({"c": 3})"},
      {R"(["[", "{"])", R"(["[", "{", "x"])", R"({"c": 3})"},
      {R"(["]"])", R"(["]", "x"])", R"({"c": 3})"},
      {"{ }", R"(["x"])", R"({"c": 3})"},
      {R"( {"a": {} } )", R"(["x"])", R"({"a": {}, "c": 3})"},
      {R"({"a": "{"})", R"(["x"])", R"({"a": "{", "c": 3})"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.option);

    const Arguments arguments = parse({.items = {"=x", "c:=3"}, .args = c.option});

    EXPECT_EQ(arguments.args, c.args);
    EXPECT_EQ(arguments.kwargs, c.kwargs);
  }
}

TEST(ParseArguments, RefusesOptionsOfTheWrongType) {
  EXPECT_EQ(failure_of({.args = "1"}).message, "--args is neither a JSON array nor an object");
  EXPECT_EQ(failure_of({.args = R"("x")"}).message, "--args is neither a JSON array nor an object");
  EXPECT_EQ(failure_of({.kwargs = "[]"}).message, "--kwargs is not a JSON object");
  EXPECT_EQ(failure_of({.args = "[1,"}).message,
            "--args is not JSON at line 1, column 4: unexpected end");
  EXPECT_EQ(failure_of({.kwargs = ""}).hint, "it is empty");
}

TEST(ParseArguments, ReadsFiles) {
  const TemporaryDirectory directory;
  const std::string text = directory.write_file("text", "line\n\"é\"\n");
  const std::string json = directory.write_file("json", "{\"b\": 1.10}\n");

  const Arguments items = parse({.items = {"a=@" + text, "b:=@" + json, "=@" + text}});
  const Arguments options =
      parse({.args = "@" + json, .kwargs = "@" + directory.write_file("e", "{}")});

  EXPECT_EQ(items.kwargs, "{\"a\": \"line\\n\\\"é\\\"\\n\", \"b\": {\"b\": 1.10}\n}");
  EXPECT_EQ(items.args, R"(["line\n\"é\"\n"])");
  EXPECT_EQ(options.kwargs, R"({"b": 1.10})");
}

TEST(ParseArguments, RefusesFilesThatCannotBeRead) {
  const TemporaryDirectory directory;
  const std::string missing = directory.path("missing");

  EXPECT_EQ(failure_of({.items = {"a=@" + missing}}).message,
            "cannot read '" + missing + "': No such file or directory");
  EXPECT_EQ(failure_of({.args = "@" + missing}).kind, ErrorKind::usage);
}

TEST(ParseArguments, ReadsContext) {
  EXPECT_EQ(parse({.context = {"user=7", "roles:=[\"a\"]"}}).context,
            R"({"user": "7", "roles": ["a"]})");
  EXPECT_EQ(failure_of({.context = {"=x"}}).message, "--ctx '=x' has no key");
  EXPECT_EQ(failure_of({.context = {":=1"}}).message, "--ctx ':=1' has no key");
  EXPECT_EQ(failure_of({.context = {"x"}}).message, "--ctx 'x' has no '='");
  EXPECT_EQ(failure_of({.context = {"a=1", "a=2"}}).message, "'a' is given twice");
}

TEST(ParseArguments, ReadsHeaders) {
  EXPECT_EQ(parse({.headers = {"X-Trace: a:b", "y:1", "z:", "w:  v "}}).headers,
            R"({"X-Trace": "a:b", "y": "1", "z": "", "w": "v "})");
  EXPECT_EQ(failure_of({.headers = {"name"}}).message, "header 'name' is not NAME:TEXT");
  EXPECT_EQ(failure_of({.headers = {":x"}}).message, "header ':x' is not NAME:TEXT");
  EXPECT_EQ(failure_of({.headers = {"a:1", "a:2"}}).message, "'a' is given twice");
}

SourcePosition position_in(std::string_view text) {
  try {
    require_json("it", text);
  } catch (const Error& error) {
    return error.failure().source;
  }
  return {};
}

TEST(RequireJson, PointsAtTheMistake) {
  struct Case {
    std::string text;
    std::size_t line;
    std::size_t column;
    std::string shown;
    std::string caret;
  };
  const Case cases[] = {
      {"", 1, 1, "", "^"},
      {"[1, x]", 1, 5, "[1, x]", "    ^"},
      {"[1,\n 2,]\n", 2, 4, " 2,]", "   ^"},
      {"[1,\n\n", 3, 1, "", "^"},
      {R"({"é": x})", 1, 7, R"({"é": x})", "      ^"},
      {"\"a\tb\"", 1, 3, R"("a\tb")", "  ^"},
      {"\t\tx", 1, 3, R"(\t\tx)", "    ^"},
      {"[\"" + std::string(100, 'y') + "\" x]", 1, 105, std::string(48, 'y') + "\" x]",
       std::string(50, ' ') + "^"},
      {"x" + std::string(100, 'y'), 1, 1, "x" + std::string(24, 'y') + "...", "^"},
      {"\"\x1b\"", 1, 2, R"("\x1b")", " ^"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);

    const SourcePosition position = position_in(c.text);

    EXPECT_EQ(position.line, c.line);
    EXPECT_EQ(position.column, c.column);
    EXPECT_EQ(position.text, c.shown);
    EXPECT_EQ(position.caret, c.caret);
  }
}

TEST(RequireJson, TakesJson) {
  EXPECT_NO_THROW(require_json("it", " [1.10] \n"));
}

TEST(TakeTarget, TakesServiceAndMethodOffTheFront) {
  struct Case {
    Words words;
    std::string_view service;
    std::string_view method;
    Words rest;
  };
  const Case cases[] = {
      {{"orders", "get"}, "orders", "get", {}},
      {{"orders.get"}, "orders", "get", {}},
      {{"shop.orders.get"}, "shop.orders", "get", {}},
      {{"shop.orders", "get"}, "shop.orders", "get", {}},
      {{"orders", "get", "id=1", "=x"}, "orders", "get", {"id=1", "=x"}},
      {{"orders.get", "id=1"}, "orders", "get", {"id=1"}},
      {{"orders.get", ":=1"}, "orders", "get", {":=1"}},
      {{"orders", "get", "word"}, "orders", "get", {"word"}},
  };
  for (const Case& c : cases) {
    Words words = c.words;

    const Target target = take_target(words);

    EXPECT_EQ(target.service, c.service);
    EXPECT_EQ(target.method, c.method);
    EXPECT_EQ(words, c.rest);
  }
}

TEST(TakeTarget, RefusesWordsThatNameNoMethod) {
  const std::pair<Words, std::string_view> cases[] = {
      {{}, "no service named"},
      {{"id=1"}, "no service named"},
      {{"orders"}, "no method named for service 'orders'"},
      {{"orders", "id=1"}, "no method named for service 'orders'"},
  };
  for (const auto& [given, message] : cases) {
    Words words = given;
    try {
      static_cast<void>(take_target(words));
      ADD_FAILURE() << "took it";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_EQ(error.what(), message);
    }
  }
}

TEST(ParseArguments, RefusesKeysAndHeadersThatAreNotUtf8) {
  EXPECT_EQ(failure_of({.items = {"\xff=1"}}).message, "a keyword is not UTF-8 text");
  EXPECT_EQ(failure_of({.headers = {"a:\xff"}}).message, "a header is not UTF-8 text");
  EXPECT_EQ(failure_of({.context = {"\xff=1"}}).message, "a --ctx key is not UTF-8 text");
}

}  // namespace
}  // namespace miko::cli
