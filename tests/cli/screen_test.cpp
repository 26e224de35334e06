#include "cli/screen.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

TEST(ScreenText, ReplacesWhatWasThere) {
  EXPECT_EQ(screen_text("a\nb\n", 80, 24, true), "\x1b[2J\x1b[Ha\x1b[K\r\nb\x1b[K\r\n\x1b[J");
  EXPECT_EQ(screen_text("a\n", 80, 24, false), "\x1b[Ha\x1b[K\r\n\x1b[J");
}

TEST(ScreenText, FitsTheTerminal) {
  EXPECT_EQ(screen_text("1234\n2\n3\n4\n", 3, 3, false), "\x1b[H123\x1b[K\r\n2\x1b[K\r\n\x1b[J");
}

TEST(ScreenText, CountsCharactersAndNotColours) {
  EXPECT_EQ(screen_text("\x1b[32mgrößer\x1b[0m", 4, 24, false),
            "\x1b[H\x1b[32mgröß\x1b[0m\x1b[K\r\n\x1b[J");
}

}  // namespace
}  // namespace miko::cli
