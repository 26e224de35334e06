#include "support/secrets.h"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "support/lab.h"
#include "support/miko_program.h"

namespace miko::test {
namespace {

TEST(FormShown, KnowsASecretInEveryForm) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""},
      {"m4rker", ""},
      {"amqp://ann:m4rker-Secret@host", "plain"},
      {"amqp://ann:m4rker%2DSecret@host", "percent-encoded"},
      {"%6d4rker%2dSecre%74", "percent-encoded"},
      {"100%, %2, %zz, %", ""},
      // Of the secret alone, of "\0miko\0" and "\0ann\0" with it, and with something behind it.
      {"bTRya2VyLVNlY3JldA==", "base64"},
      {"{\"response\":\"AG1pa28AbTRya2VyLVNlY3JldA==\"}", "base64"},
      {"AGFubgBtNHJrZXItU2VjcmV0", "base64"},
      {"AGFubmEAbTRya2VyLVNlY3JldA==", "base64"},
      {"eG00cmtlci1TZWNyZXR4", "base64"},
  };
  for (const auto& [text, form] : cases) {
    EXPECT_EQ(form_shown(marker_password, text), form) << text;
  }
}

TEST(MikoProgram, FailsTheTestWhenItPrintsTheMarker) {
  for (const char* script :
       {"echo m4rker-Secret", "echo m4rker%2DSecret >&2", "echo bTRya2VyLVNlY3JldA==; kill $$"}) {
    Command command = miko_command({});
    command.argv = {"/bin/sh", "-c", script};
    EXPECT_NONFATAL_FAILURE(run(std::move(command)), "shows a secret");
  }
}

TEST(MikoProgram, FailsTheTestAlsoWhenItIsKilled) {
  const auto start_and_kill = [] {
    Command command = miko_command({});
    command.argv = {"/bin/sh", "-c", "echo m4rker-Secret; sleep 60"};
    Child(std::move(command)).read_stdout_until("\n");
  };
  EXPECT_NONFATAL_FAILURE(start_and_kill(), "shows a secret");
}

TEST(MikoProgram, LooksForThePasswordOfTheLab) {
  MIKO_NEEDS_BROKER();

  EXPECT_EQ(lab().password(), marker_password);
}

}  // namespace
}  // namespace miko::test
