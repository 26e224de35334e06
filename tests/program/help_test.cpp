// What the program says about itself, and to those who mistype.

#include <gtest/gtest.h>

#include <regex>

#include "support/miko_program.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

TEST(Version, FirstLineIsExactlyNameAndNumber) {
  const Outcome run = miko({"--version"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_TRUE(std::regex_search(run.out, std::regex("^miko [0-9]+\\.[0-9]+\\.[0-9]+\n")))
      << run.out;
  for (const char* library : {"rabbitmq-c 0.", "OpenSSL 3.", "RapidJSON 1.", "yaml-cpp 0."}) {
    EXPECT_NE(run.out.find(library), std::string::npos) << library << " in\n" << run.out;
  }
}

TEST(Help, ListsCommandsOptionsAndTopics) {
  const Outcome run = miko({"help"});

  EXPECT_EQ(run.exit_code, 0);
  for (const char* word : {"call", "completion", "--broker", "--timeout", "exit-codes"}) {
    EXPECT_NE(run.out.find(word), std::string::npos) << word;
  }
}

TEST(Help, ExplainsTopicsAndCommands) {
  EXPECT_NE(miko({"help", "exit-codes"}).out.find("connection_lost"), std::string::npos);
  EXPECT_NE(miko({"help", "environment"}).out.find("MIKO_BROKER"), std::string::npos);
  EXPECT_NE(miko({"help", "output"}).out.find("envelope"), std::string::npos);
  EXPECT_EQ(miko({"help", "call"}).out, miko({"call", "--help"}).out);
}

TEST(Help, IsOnStandardErrorWithoutACommand) {
  const Outcome run = miko({});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_NE(run.err.find("call"), std::string::npos);
}

TEST(Mistyped, WordsGetASuggestion) {
  EXPECT_EQ(miko({"cal", "a", "b"}).error("/error/hint"), "did you mean call?");
  EXPECT_EQ(miko({"call", "a", "b", "--tiemout", "1s"}).error("/error/hint"),
            "did you mean --timeout?");
  EXPECT_EQ(miko({"call", "a", "b", "--no-expir"}).error("/error/hint"),
            "did you mean --no-expire?");
  EXPECT_EQ(miko({"help", "exit-code"}).error("/error/hint"), "did you mean exit-codes?");
  EXPECT_EQ(miko({"completion", "bahs"}).error("/error/hint"), "did you mean bash?");
}

TEST(Mistyped, AnItemWithoutEqualsSignShowsBothSpellings) {
  const Outcome run = miko({"call", "greeting", "hello", "Ann"});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.error("/error/hint").find("KEY=TEXT or KEY:=JSON"), std::string::npos) << run.err;
}

TEST(Mistyped, ABareNumberThatSomebodyMeantAsMillisecondsIsRefused) {
  const Outcome run = miko({"call", "a", "b", "--timeout", "5000"});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.error("/error/message"), "--timeout: 5000 has no unit");
  EXPECT_NE(run.error("/error/hint").find("5000ms"), std::string::npos);
}

TEST(Mistyped, JsonIsShownWithLineColumnAndCaret) {
  const Outcome run = miko({"call", "a", "b", "--args", "{\n  \"x\": [1, }\n}"});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.error("/error/message"),
            "--args is not JSON at line 2, column 12: expected a value");
  EXPECT_EQ(run.error("/error/at/text"), "  \"x\": [1, }");
  EXPECT_EQ(run.error("/error/at/caret"), "           ^");
}

TEST(Mistyped, JsonIsShownWithTheCaretUnderItOnATerminal) {
  const Outcome run = miko({"call", "a", "b", "--args", "[1, }"}, {.errors = Terminal{}});

  EXPECT_NE(run.err.find("  [1, }\n      ^\n"), std::string::npos) << run.err;
}

TEST(Mistyped, WordsAreIndentedOnATerminal) {
  EXPECT_EQ(miko({"--no-such"}, {.errors = Terminal{}}).err.find("{\n  \"error\""), 0U);
}

TEST(Completion, PrintsTheInstalledScripts) {
  const std::string directory = MIKO_SOURCE_DIR "/completions/";

  EXPECT_EQ(miko({"completion", "bash"}).out, read_file(directory + "miko.bash"));
  EXPECT_EQ(miko({"completion", "zsh"}).out, read_file(directory + "_miko"));
  EXPECT_EQ(miko({"completion", "fish"}).out, read_file(directory + "miko.fish"));
}

}  // namespace
}  // namespace miko::test
