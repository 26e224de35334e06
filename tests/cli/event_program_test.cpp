#include "cli/event_program.h"

#include <gtest/gtest.h>

#include "support/eventually.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

using test::read_file;
using test::TemporaryDirectory;

class EventProgramTest : public testing::Test {
 protected:
  /// Runs a command for the event orders.paid and returns its status.
  int run(const std::string& command, std::string_view input = "{}\n") {
    EventProgram program(command, {.service = "orders", .type = "paid"}, input);
    EXPECT_TRUE(test::eventually([&] { return program.status() >= 0; }));
    return program.status();
  }

  TemporaryDirectory directory_;
  const std::string file_ = directory_.path("out");
};

TEST_F(EventProgramTest, FindsTheEventOnStandardInputAndItsNameInTheEnvironment) {
  EXPECT_EQ(run("(cat; echo $MIKO_SERVICE $MIKO_EVENT) > " + file_, "{\"data\":1}\n"), 0);

  EXPECT_EQ(read_file(file_), "{\"data\":1}\norders paid\n");
}

TEST_F(EventProgramTest, MayReadItAgainOrNotAtAll) {
  EXPECT_EQ(run("cat /dev/stdin /dev/stdin > " + file_, "twice\n"), 0);
  EXPECT_EQ(run("true", std::string(1'000'000, 'x')), 0);

  EXPECT_EQ(read_file(file_), "twice\ntwice\n");
}

TEST_F(EventProgramTest, EndsWithAStatusAsInAShell) {
  EXPECT_EQ(run("exit 7"), 7);
  EXPECT_EQ(run("kill -KILL $$"), 137);
  EXPECT_EQ(run("no-such-program 2> /dev/null"), 127);
}

}  // namespace
}  // namespace miko::cli
