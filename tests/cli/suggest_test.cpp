#include "cli/suggest.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

const std::vector<std::string> commands = {"call", "completion", "help", "exit-codes"};

TEST(Suggestion, NamesTheClosestWord) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"cal", "did you mean call?"},
      {"calll", "did you mean call?"},
      {"cell", "did you mean call?"},
      {"clal", "did you mean call?"},
      {"hepl", "did you mean help?"},
      {"complteion", "did you mean completion?"},
      {"exitcode", "did you mean exit-codes?"},
      {"call", "did you mean call?"},
  };
  for (const auto& [word, text] : cases) {
    SCOPED_TRACE(word);

    EXPECT_EQ(suggestion(word, commands), text);
  }
}

TEST(Suggestion, IsSilentWhenNothingIsClose) {
  for (const std::string_view word : {"", "x", "orders", "caaal", "version"}) {
    SCOPED_TRACE(word);

    EXPECT_EQ(suggestion(word, commands), "");
  }
}

TEST(Suggestion, TakesTheCloserOfTwo) {
  EXPECT_EQ(suggestion("abcdefx", {"abcdxyz", "abcdefg"}), "did you mean abcdefg?");
}

TEST(Suggestion, DoesNotLookForWordsOfGreatLength) {
  const std::string word(65, 'x');

  EXPECT_EQ(suggestion(word, {word}), "");
}

TEST(Suggestion, KnowsNothingWithoutWords) {
  EXPECT_EQ(suggestion("call", {}), "");
}

}  // namespace
}  // namespace miko::cli
