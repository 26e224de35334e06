#include <gtest/gtest.h>

#include "base/json.h"

namespace miko {
namespace {

constexpr std::size_t piece_max = 128 * 1024;

/// Prints in pieces and checks their sizes on the way.
std::string print_in_pieces(std::string_view value, JsonLayout layout) {
  std::string all;
  json_print(value, layout, [&all](std::string_view piece) {
    EXPECT_LE(piece.size(), piece_max);
    all += piece;
  });
  return all;
}

TEST(JsonPrint, CarriesTokensAsTheyCame) {
  const std::string texts[] = {
      "10000000000000000000000000000000000000000",
      std::string(400, '9'),
      "-" + std::string(400, '7'),
      "1.10",
      "-0",
      "-0.0",
      "1e22",
      "1E+22",
      "1e400",
      "0.1000000000000000055511151231257827",
      "NaN",
      "Infinity",
      "-Infinity",
      R"("")",
      R"("\ud800")",
      R"("\udc00 \ud83d")",
      R"("\u00e9\ud83d\ude00")",
      R"("\u00E9\/\b\u0041")",
      R"("é😀")",
      R"({"":{"":[]}})",
      R"({"b":1,"a":2,"b":3,"\u0062":4})",
      R"([[],{},"",0,null,true,false])",
  };
  for (const std::string& text : texts) {
    SCOPED_TRACE(text);

    EXPECT_EQ(json_format(text, JsonLayout::compact), text);
  }
}

TEST(JsonPrint, KeepsNumbersWhenIndentingToo) {
  for (const std::string_view text : {"10000000000000000000000000000000000000000", "1.10", "-0.0",
                                      "1e22", "1e400", "NaN", "-Infinity"}) {
    SCOPED_TRACE(text);

    EXPECT_EQ(json_format(text, JsonLayout::indented), text);
  }
}

TEST(JsonPrint, GoesFiveHundredLevelsDeep) {
  const std::string text = std::string(500, '[') + std::string(500, ']');

  EXPECT_EQ(json_format(text, JsonLayout::compact), text);
}

TEST(JsonPrint, PrintsWhatMikoPutsAroundTheDeepestValue) {
  const std::string deepest = std::string(512, '[') + std::string(512, ']');
  const std::string text = R"({"error":{"remote":{"exc_args":)" + deepest + "}}}";

  EXPECT_EQ(json_format(text, JsonLayout::compact), text);
}

TEST(JsonPrint, DropsBlanksOutsideStringsInCompact) {
  EXPECT_EQ(json_format(" { \"a b\" :\t[ 1 ,\r\n2 ] , \"c\" : { } , \"d\":\" x \"} \n",
                        JsonLayout::compact),
            R"({"a b":[1,2],"c":{},"d":" x "})");
}

TEST(JsonPrint, IndentsByTwoAndKeepsEmptyContainersTogether) {
  EXPECT_EQ(json_format(R"({"a":[1,{"b":null}, []],"c":{ },"d":[ ],"e":"x","f":[[2]]})",
                        JsonLayout::indented),
            R"({
  "a": [
    1,
    {
      "b": null
    },
    []
  ],
  "c": {},
  "d": [],
  "e": "x",
  "f": [
    [
      2
    ]
  ]
})");
}

TEST(JsonPrint, PrintsLoneScalarsWithoutIndent) {
  EXPECT_EQ(json_format(" 1 ", JsonLayout::indented), "1");
  EXPECT_EQ(json_format(" [ ] ", JsonLayout::indented), "[]");
}

TEST(JsonPrint, ColoursKeysStringsAndWordsButNotNumbers) {
  EXPECT_EQ(json_format(R"({"a":"x","b":[1,true,null]})", JsonLayout::indented_colour),
            "{\n"
            "  \x1b[34;1m\"a\"\x1b[0m: \x1b[32m\"x\"\x1b[0m,\n"
            "  \x1b[34;1m\"b\"\x1b[0m: [\n"
            "    1,\n"
            "    \x1b[33mtrue\x1b[0m,\n"
            "    \x1b[33mnull\x1b[0m\n"
            "  ]\n"
            "}");
}

TEST(JsonPrint, EscapesRawTerminalControls) {
  // DEL, C1 (U+0085, U+009B), bidirectional override U+202E and isolate U+2066, ARABIC MARK U+061C.
  const std::string value =
      "\"\x7f \xc2\x85 \xc2\x9b \xe2\x80\xae \xe2\x81\xa6 \xd8\x9c é \\u00e9\"";

  EXPECT_EQ(json_format(value, JsonLayout::compact),
            R"("\u007f \u0085 \u009b \u202e \u2066 \u061c é \u00e9")");
  EXPECT_EQ(json_format(value, JsonLayout::indented),
            R"("\u007f \u0085 \u009b \u202e \u2066 \u061c é é")");
}

TEST(JsonPrint, EscapesRawTerminalControlsBetweenOtherCharacters) {
  const std::string text = "\"eight or more é plain \u009b and \u202e, then é \x7f\"";
  const std::string shown = "\"eight or more é plain \\u009b and \\u202e, then é \\u007f\"";

  EXPECT_EQ(json_format(text, JsonLayout::compact), shown);
  EXPECT_EQ(json_format(text, JsonLayout::indented), shown);
}

TEST(JsonPrint, EscapesRawTerminalControlsInKeys) {
  EXPECT_EQ(json_format("{\"\x7f\":0}", JsonLayout::compact), R"({"\u007f":0})");
}

TEST(JsonPrint, ShowsEscapedCharactersWhenIndentingUnlessTheyNeedTheirEscape) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"("\u00e9\u20AC\u0041")", "\"é€A\""},
      {R"("\ud83d\ude00")", "\"😀\""},
      {R"("\u001b\u0000\u007f\u0085\u202e")", R"("\u001b\u0000\u007f\u0085\u202e")"},
      {R"("\u0022\u005c")", R"("\u0022\u005c")"},
      {R"("\"\\\/\b\f\n\r\t")", R"("\"\\\/\b\f\n\r\t")"},
      {R"("\ud83d")", R"("\ud83d")"},
      {R"("\ude00\ud83d")", R"("\ude00\ud83d")"},
      {R"("\ud83d\u00e9")", R"("\ud83dé")"},
      {R"("\ud83d\ud83d\ude00")", "\"\\ud83d😀\""},
  };
  for (const auto& [value, printed] : cases) {
    SCOPED_TRACE(value);

    EXPECT_EQ(json_format(value, JsonLayout::indented), printed);
  }
}

TEST(JsonPrint, ShowsEscapedCharactersInKeysWhenIndenting) {
  EXPECT_EQ(json_format(R"({"\u00e9":0})", JsonLayout::indented), "{\n  \"é\": 0\n}");
}

TEST(JsonPrint, CutsStringsLargerThanAPiece) {
  const std::string plain = "\"" + std::string(300'000, 'x') + "\"";
  std::string special = "\"";
  for (int i = 0; i < 100'000; ++i) {
    special += "é";
  }
  special += '"';

  EXPECT_EQ(print_in_pieces(plain, JsonLayout::compact), plain);
  EXPECT_EQ(print_in_pieces(special, JsonLayout::compact), special);
  EXPECT_EQ(print_in_pieces("{" + plain + ":" + special + "}", JsonLayout::compact),
            "{" + plain + ":" + special + "}");
}

TEST(JsonPrint, CutsManySmallValuesIntoPieces) {
  std::string value = "[0";
  for (int i = 0; i < 100'000; ++i) {
    value += ",12";
  }
  value += "]";

  EXPECT_EQ(print_in_pieces(value, JsonLayout::compact), value);
}

TEST(JsonPrint, GrowsWhatItPrintsAsFarAsEscapesAndIndentsDo) {
  for (const std::size_t count : {1U, 10U, 100U, 20000U}) {
    std::string raw = "[\"";
    std::string escaped = "[\n  \"";
    for (std::size_t i = 0; i < count; ++i) {
      raw += "\u0085";
      escaped += "\\u0085";
    }
    EXPECT_EQ(print_in_pieces(raw + "\"]", JsonLayout::indented), escaped + "\"\n]") << count;
  }
}

TEST(JsonPrint, CutsAtNoCharacterInTheMiddle) {
  std::string value = "\"x";
  for (int i = 0; i < 100'000; ++i) {
    value += "\\u00e9";
  }
  value += '"';

  const std::string printed = print_in_pieces(value, JsonLayout::indented);

  EXPECT_EQ(printed.size(), 3U + 2 * 100'000);
  EXPECT_FALSE(find_json_fault(printed, JsonDialect::strict));
}

}  // namespace
}  // namespace miko
