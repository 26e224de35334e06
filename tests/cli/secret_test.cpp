#include "cli/secret.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temporary.h"
#include "support/variables.h"

namespace miko::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::environment;
using test::TemporaryDirectory;
using test::Variables;

std::string resolve(const std::string& reference, const Variables& variables = {},
                    Clock::duration time = seconds(10)) {
  return resolve_secret(parse_secret_reference(reference), environment(variables), Loop(),
                        Clock::now() + time);
}

template <class Action>
std::string complaint_about(const Action& action) {
  try {
    static_cast<void>(action());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

TEST(ParseSecretReference, KnowsFourSources) {
  for (const std::string text : {"env:NAME", "file:/run/secret", "cmd:pass show x", "text:a:b"}) {
    EXPECT_EQ(parse_secret_reference(text).written(), text);
  }
  EXPECT_EQ(parse_secret_reference("cmd:pass show x").shown(), "cmd:pass show x");
  EXPECT_EQ(parse_secret_reference("text:hidden").shown(), "text:********");
}

TEST(ParseSecretReference, DoesNotShowWhatIsNone) {
  for (const std::string text : {"hidden", "", "env:", "ENV:hidden", " env:hidden"}) {
    EXPECT_EQ(complaint_about([&text] { return parse_secret_reference(text); }),
              "the password is no reference");
  }
}

TEST(ResolveSecret, FindsThePassword) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("password", "from file\nnext line\n");

  EXPECT_EQ(resolve("env:RABBIT", {{"RABBIT", "from variable"}}), "from variable");
  EXPECT_EQ(resolve("file:" + file), "from file");
  EXPECT_EQ(resolve("cmd:printf 'from command\\r\\nmore'"), "from command");
  EXPECT_EQ(resolve("cmd:echo one | tr o O"), "One");
  EXPECT_EQ(resolve("text:from text"), "from text");
}

TEST(ResolveSecret, SaysWhatIsWrongAndNamesTheReference) {
  const std::pair<std::string, std::string> cases[] = {
      {"env:RABBIT", "no password from 'env:RABBIT': the variable is not set"},
      {"cmd:exit 4", "no password from 'cmd:exit 4': the command ended with exit status 4"},
      {"cmd:true",
       "no password from 'cmd:true': the first line that the command printed is no password"},
      {"cmd:echo; echo late",
       "no password from 'cmd:echo; echo late': the first line that the command printed is no "
       "password"},
      {"cmd:head -c 9 /dev/zero",
       "no password from 'cmd:head -c 9 /dev/zero': the first line that the command printed is no "
       "password"},
      {"cmd:yes", "no password from 'cmd:yes': the command printed more than 4096 bytes"},
  };
  for (const auto& [reference, complaint] : cases) {
    EXPECT_EQ(complaint_about([&reference = reference] { return resolve(reference); }), complaint);
  }
  EXPECT_EQ(complaint_about([] { return resolve("cmd:sleep 60", {}, milliseconds(50)); }),
            "no password from 'cmd:sleep 60': the command did not end in time");
  EXPECT_EQ(complaint_about([] {
              return resolve("env:EMPTY", {{"EMPTY", ""}});
            }),
            "no password from 'env:EMPTY': the variable is not set");
}

TEST(WithMaskedPasswords, KeepsTheRest) {
  const std::pair<std::string, std::string> cases[] = {
      {"amqp://h/v", "amqp://h/v"},
      {"amqp://u@h", "amqp://u@h"},
      {"amqps://u:p:q@h:1/v?heartbeat=5", "amqps://u:********@h:1/v?heartbeat=5"},
      {"amqp://guest:guest@h", "amqp://guest:guest@h"},
      {"amqp://u:p@a;amqp://u:p@b", "amqp://u:********@a;amqp://u:********@b"},
  };
  for (const auto& [uris, shown] : cases) {
    EXPECT_EQ(with_masked_passwords(uris), shown);
  }
  EXPECT_TRUE(has_secret("amqp://h;amqp://u:p@h"));
  EXPECT_FALSE(has_secret("amqp://guest:guest@h;amqp://u@h;amqp://u:@h"));
}

}  // namespace
}  // namespace miko::cli
