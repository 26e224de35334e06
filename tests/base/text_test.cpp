#include "base/text.h"

#include <gtest/gtest.h>

namespace miko {
namespace {

using namespace std::string_literals;

TEST(DecodeUtf8, ReadsTheFirstAndLastCharacterOfEachLength) {
  struct Case {
    std::string text;
    std::uint32_t value;
    std::size_t bytes;
  };
  const Case cases[] = {
      {"\0"s, 0x00, 1},
      {"\x7f", 0x7f, 1},
      {"\xc2\x80", 0x80, 2},
      {"\xdf\xbf", 0x7ff, 2},
      {"\xe0\xa0\x80", 0x800, 3},
      {"\xed\x9f\xbf", 0xd7ff, 3},
      {"\xee\x80\x80", 0xe000, 3},
      {"\xef\xbf\xbf", 0xffff, 3},
      {"\xf0\x90\x80\x80", 0x10000, 4},
      {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.value);

    const std::optional<CodePoint> code = decode_utf8(c.text + "x");

    ASSERT_TRUE(code);
    EXPECT_EQ(code->value, c.value);
    EXPECT_EQ(code->bytes, c.bytes);
  }
}

TEST(DecodeUtf8, RefusesWhatIsNotWellFormed) {
  const std::pair<std::string_view, std::string> cases[] = {
      {"nothing", ""},
      {"a continuation byte alone", "\x80"},
      {"an overlong NUL", "\xc0\x80"},
      {"an overlong slash", "\xc1\xaf"},
      {"an overlong form of three bytes", "\xe0\x9f\xbf"},
      {"an overlong form of four bytes", "\xf0\x8f\xbf\xbf"},
      {"a high surrogate", "\xed\xa0\x80"},
      {"a low surrogate", "\xed\xbf\xbf"},
      {"a code point over U+10FFFF", "\xf4\x90\x80\x80"},
      {"a first byte of five", "\xf8\x88\x80\x80\x80"},
      {"two of three bytes", "\xe2\x82"},
      {"one of two bytes", "\xc3"},
      {"a letter for a continuation byte", "\xc3(\xa9"},
      {"0xfe", "\xfe"},
      {"0xff", "\xff"},
  };
  for (const auto& [what, text] : cases) {
    SCOPED_TRACE(what);

    EXPECT_FALSE(decode_utf8(text));
  }
}

TEST(AppendUtf8, IsUndoneByDecoding) {
  for (const std::uint32_t value :
       {0x00U, 0x7fU, 0x80U, 0x7ffU, 0x800U, 0xffffU, 0x10000U, 0x1f600U, 0x10ffffU}) {
    SCOPED_TRACE(value);
    std::string text;

    append_utf8(text, value);

    const std::optional<CodePoint> code = decode_utf8(text);
    ASSERT_TRUE(code);
    EXPECT_EQ(code->value, value);
    EXPECT_EQ(code->bytes, text.size());
  }
}

TEST(PlainPrefix, EndsAtEveryByteThatIsNotPlainWhereverItStands) {
  for (int byte = 0; byte < 256; ++byte) {
    const bool plain = byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
    for (std::size_t size = 1; size <= 20; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'x');
        text[at] = static_cast<char>(byte);
        EXPECT_EQ(plain_prefix(text), plain ? size : at) << byte << " at " << at << " of " << size;
      }
    }
  }
  EXPECT_EQ(plain_prefix(""), 0U);
}

TEST(PlainPrefix, EndsAtTheFirstOfSeveral) {
  for (const char first : {'"', '\\', '\x1f', '\x7f', '\xff'}) {
    for (const char second : {'"', '\\', '\0', '\x7f', '\x80'}) {
      std::string text(24, '!');
      text[9] = first;
      text[10] = second;
      EXPECT_EQ(plain_prefix(text), 9U);
    }
  }
}

TEST(IsTerminalControl, NamesControlsAndBidirectionalControls) {
  for (const std::uint32_t control :
       {0x00U, 0x0aU, 0x1bU, 0x1fU, 0x7fU, 0x80U, 0x9bU, 0x9fU, 0x61cU, 0x200eU, 0x200fU, 0x202aU,
        0x202dU, 0x202eU, 0x2066U, 0x2068U, 0x2069U}) {
    SCOPED_TRACE(control);

    EXPECT_TRUE(is_terminal_control(control));
  }
}

TEST(IsTerminalControl, LeavesTheirNeighboursAlone) {
  for (const std::uint32_t harmless : {0x20U, 0x7eU, 0xa0U, 0x61bU, 0x61dU, 0x200dU, 0x2010U,
                                       0x2029U, 0x202fU, 0x2065U, 0x206aU, 0x1f600U}) {
    SCOPED_TRACE(harmless);

    EXPECT_FALSE(is_terminal_control(harmless));
  }
}

TEST(Printable, ShowsControlsAndForeignBytesAsEscapes) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"", ""},
      {"plain é 😀 \"\\", "plain é 😀 \"\\"},
      {"a\nb\tc", R"(a\nb\tc)"},
      {"\r\x1b[2J\0"s, R"(\x0d\x1b[2J\x00)"},
      {"\x7f\xc2\x9b", R"(\x7f\x9b)"},
      {"\xe2\x80\xae\xd8\x9c", R"(\u202e\u061c)"},
      {"\xff\xc3(", R"(\xff\xc3()"},
      {"\xed\xa0\x80", R"(\xed\xa0\x80)"},
  };
  for (const auto& [text, shown] : cases) {
    SCOPED_TRACE(shown);

    EXPECT_EQ(printable(text), shown);
  }
}

TEST(Shortened, CutsAfterCharactersAndSaysSo) {
  struct Case {
    std::string_view text;
    std::size_t characters_max;
    std::string_view shown;
  };
  const Case cases[] = {
      {"", 0, ""},       {"a", 0, "..."},     {"abc", 3, "abc"}, {"abcd", 3, "abc..."},
      {"ééé", 3, "ééé"}, {"ééé", 2, "éé..."}, {"😀😀", 1, "😀..."}, {"\xff\xff\xff", 2, "\xff\xff..."},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);

    EXPECT_EQ(shortened(c.text, c.characters_max), c.shown);
  }
}

TEST(WithoutUserinfo, HidesWhatMayBeAPassword) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"amqp://u:p@h:1/v", "amqp://...@h:1/v"},
      {"amqp://u:p@x@h", "amqp://...@h"},
      {"amqp://h/v", "amqp://h/v"},
      {"amqp://u:p", "amqp://u:..."},
      {"u:p@h", "...@h"},
      {"", ""},
      {"amqp://h/v?password=secret", "amqp://h/v?..."},
      {"amqp://u:p?x@h/v?heartbeat=1", "amqp://...@h/v?..."},
      {"amqp:/u:p@x?@h", "...@h"},
  };
  for (const auto& [uri, shown] : cases) {
    SCOPED_TRACE(uri);

    EXPECT_EQ(without_userinfo(uri), shown);
  }
}

TEST(ShownWord, HidesThePasswordOfAUri) {
  EXPECT_EQ(shown_word("amqp://u:p@h", 60), "amqp://...@h");
  EXPECT_EQ(shown_word("a:b@c\x1b", 60), "a:b@c\\x1b");
  EXPECT_EQ(shown_word("abcdef", 3), "abc...");
}

TEST(Columns, CountWideCharactersTwiceAndMarksNotAtAll) {
  const std::pair<std::string_view, std::size_t> cases[] = {
      {"", 0}, {"abc", 3}, {"é", 1}, {"e\u0301", 1}, {"日本", 4}, {"한", 2}, {"😀", 2}, {"\xff", 1},
  };
  for (const auto& [text, count] : cases) {
    EXPECT_EQ(columns(text), count) << text;
  }
}

TEST(Fitted, CutsAtAColumn) {
  struct Case {
    std::string_view text;
    std::size_t columns_max;
    std::string_view shown;
  };
  const Case cases[] = {
      {"", 0, ""},          {"abcdef", 6, "abcdef"}, {"abcdefg", 6, "abc..."},
      {"abc", 2, ".."},     {"日本語", 6, "日本語"}, {"日本語", 5, "日..."},
      {"ééééé", 4, "é..."}, {"abc", 0, ""},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(fitted(c.text, c.columns_max), c.shown) << c.text;
  }
}

}  // namespace
}  // namespace miko
