// Results are carried, not interpreted: values go through a real Nameko and come out the same.

#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

/// JSON that goes in as an argument of `echo` and must come out as `out`, which is `in` but for
/// what Python's own json changes.
struct Value {
  std::string_view name;
  std::string in;
  std::string out;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) {
    result += text;
  }
  return result;
}

const std::vector<Value>& values() {
  static const std::string digits_40 = "1" + std::string(39, '7');
  static const std::string digits_400 = "1" + std::string(399, '7');
  static const std::string deep = std::string(500, '[') + std::string(500, ']');
  static const std::vector<Value> table = {
      {"an integer of 40 digits", digits_40, digits_40},
      {"an integer of 400 digits", digits_400, digits_400},
      {"a negative integer beyond 64 bits", "-9223372036854775809", "-9223372036854775809"},
      {"a float with a trailing zero", "1.0", "1.0"},
      {"1.10, which Python writes as 1.1", "1.10", "1.1"},
      {"negative zero", "-0.0", "-0.0"},
      {"1e22", "1e22", "1e+22"},
      {"1e400, which Python reads as infinity", "1e400", "Infinity"},
      {"a lone high surrogate", R"("\ud800")", R"("\ud800")"},
      {"a lone low surrogate", R"("\udc00")", R"("\udc00")"},
      {"surrogates the wrong way round", R"("\udc00\ud800")", R"("\udc00\ud800")"},
      {"an astral character", R"("\ud83d\ude00")", R"("\ud83d\ude00")"},
      {"an astral character in UTF-8", "\"\xf0\x9f\x98\x80\"", R"("\ud83d\ude00")"},
      {"NUL and controls", R"("\u0000\u0001\u001b\u007f")", "\"\\u0000\\u0001\\u001b\\u007f\""},
      {"quotes and backslashes", R"("\"\\\/")", R"("\"\\/")"},
      {"an empty key", R"({"": 1})", R"({"":1})"},
      {"doubled keys, of which Python keeps the last", R"({"a": 1, "a": 2})", R"({"a":2})"},
      {"the order of keys", R"({"b": 1, "a": 2, "c": 3})", R"({"b":1,"a":2,"c":3})"},
      {"500 levels", deep, deep},
      {"empty containers", "[{}, [], \"\"]", "[{},[],\"\"]"},
      {"words", "[true, false, null]", "[true,false,null]"},
      {"5 MB", "\"" + std::string(5'000'000, 'x') + "\"",
       "\"" + std::string(5'000'000, 'x') + "\""},
      {"many small objects", "[" + repeated(R"({"id": 1, "name": "n"}, )", 20'000) + "0]",
       "[" + repeated(R"({"id":1,"name":"n"},)", 20'000) + "0]"},
  };
  return table;
}

class FidelityTest : public NamekoTest {};
MIKO_FOR_BOTH_NAMEKOS(FidelityTest);

TEST_P(FidelityTest, EchoedValuesComeOutAsPythonWritesThem) {
  for (const Value& value : values()) {
    SCOPED_TRACE(value.name);

    const Outcome run =
        miko({"call", "lab.echo", "--args", "@-"}, {.input = Text{"[" + value.in + "]"}});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(run.out == value.out + "\n") << run.out.substr(0, 200);
  }
}

TEST_P(FidelityTest, ResultsMadeByPythonComeOutAsItWroteThem) {
  const std::vector<std::pair<std::string, std::string>> exact = {
      {"big_integer", "1" + std::string(40, '0')},
      {"huge_integer", "1" + std::string(400, '0')},
      {"decimal", "1.1"},
      {"negative_zero", "-0.0"},
      {"exponent", "1e+22"},
      {"tiny", "5e-324"},
      {"high_surrogate", R"("\ud800")"},
      {"low_surrogate", R"("\udc00")"},
      {"nul", R"("a\u0000b")"},
      {"empty_key", R"({"":1})"},
      {"number_keys", R"({"1":"one","null":"none"})"},
  };
  for (const auto& [name, json] : exact) {
    SCOPED_TRACE(name);

    EXPECT_EQ(miko({"call", "lab.exact", "name=" + name}).out, json + "\n");
  }
}

TEST_P(FidelityTest, NotANumberAndInfinityComeOutWhereTheServiceSentThem) {
  EXPECT_EQ(miko({"call", "lab.nan"}).out, "[NaN,Infinity,-Infinity]\n");
  EXPECT_EQ(miko({"call", "lab.nan", "-o", "pretty"}).out,
            "[\n  NaN,\n  Infinity,\n  -Infinity\n]\n");
}

TEST_P(FidelityTest, RawPrintsAStringWithoutItsQuotes) {
  EXPECT_EQ(miko({"call", "lab.exact", "name=latin", "-o", "raw"}).out, "\xc3\xa9\n");
  EXPECT_EQ(miko({"call", "lab.exact", "name=nul", "-o", "raw"}).out, std::string("a\0b\n", 4));
  EXPECT_EQ(miko({"call", "lab.exact", "name=big_integer", "-o", "raw"}).out,
            "1" + std::string(40, '0') + "\n");
}

TEST_P(FidelityTest, NothingReachesATerminalAsAControlCharacter) {
  for (const std::string format : {"json", "pretty", "raw", "envelope"}) {
    SCOPED_TRACE(format);

    const Outcome run =
        miko({"call", "lab.exact", "name=terminal", "-o", format, "--color", "never"},
             {.output = Terminal{}});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out.find('\x1b'), std::string::npos);
    EXPECT_EQ(run.out.find('\a'), std::string::npos);
    EXPECT_EQ(run.out.find("\xe2\x80\xae"), std::string::npos) << "U+202E";
  }
}

TEST_P(FidelityTest, ExceptionTextsReachATerminalWithoutControlCharacters) {
  const Outcome run = miko(
      {"call", "lab.shout", R"(text:="\u001b]0;title\u0007\u009b31m\u202e")", "--color", "never"},
      {.errors = Terminal{}});

  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err.find('\x1b'), std::string::npos);
  EXPECT_EQ(run.err.find("\xc2\x9b"), std::string::npos) << "U+009B";
  EXPECT_EQ(run.err.find("\xe2\x80\xae"), std::string::npos) << "U+202E";
}

}  // namespace
}  // namespace miko::test
