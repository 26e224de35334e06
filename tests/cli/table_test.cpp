#include "cli/table.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

TEST(Table, AlignsItsColumns) {
  Table table({"NAME", "VALUE", "FROM"});
  table.add({{.text = "a"}, {.text = "élève"}, {.text = "here"}});
  table.add({{.text = "longer"}, {.text = ""}, {.text = ""}});

  EXPECT_EQ(table.text(false),
            "NAME    VALUE  FROM\n"
            "a       élève  here\n"
            "longer\n");
}

TEST(Table, ColoursCellsAndPrintsNoControls) {
  Table table({"X", "Y"});
  table.add({{.text = "ok", .tone = Tone::good}, {.text = "\x1b[2J"}});

  EXPECT_EQ(table.text(true),
            "\x1b[2mX\x1b[0m   \x1b[2mY\x1b[0m\n"
            "\x1b[32mok\x1b[0m  \\x1b[2J\n");
}

}  // namespace
}  // namespace miko::cli
