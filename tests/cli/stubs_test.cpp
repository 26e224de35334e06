// What --reply, --raise and --exec say, and which answer a request gets.

#include "cli/stubs.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

class StubsTest : public testing::Test {
 protected:
  void reply(std::string_view text) { stubs_.add_reply(text, input_); }

  [[nodiscard]] Response answer(std::string method, std::string args = "[]",
                                std::string kwargs = "{}") const {
    return std::get<Response>(
        stubs_
            .choose(
                {.method = std::move(method), .args = std::move(args), .kwargs = std::move(kwargs)})
            .action);
  }

  Loop loop_;
  FileInput input_{loop_, Clock::now() + std::chrono::seconds(5)};
  Stubs stubs_;
};

TEST_F(StubsTest, AnswersWithWhatWasTyped) {
  reply(R"(hello={"a": "x=y"})");
  stubs_.add_raise("find=orders.errors.NotFound:no: order");
  stubs_.add_raise("bare=Boom");

  EXPECT_EQ(answer("hello").result, R"({"a": "x=y"})");
  EXPECT_EQ(answer("find").error->exc_type, "NotFound");
  EXPECT_EQ(answer("find").error->exc_path, "orders.errors.NotFound");
  EXPECT_EQ(answer("find").error->exc_args, R"(["no: order"])");
  EXPECT_EQ(answer("bare").error->exc_path, "Boom");
  EXPECT_EQ(answer("bare").error->value, "");
  EXPECT_FALSE(stubs_.has_method("other"));
}

TEST_F(StubsTest, RefusesArgumentsThatDoNotFitTheParameters) {
  reply(R"(hello(name, mark=")=")=1)");

  EXPECT_EQ(answer("hello", R"(["Ann"])").result, "1");
  EXPECT_EQ(answer("hello").error->value, "hello() missing 1 required positional argument: 'name'");
}

TEST_F(StubsTest, EchoesWhatAMethodWithoutAStubIsGiven) {
  reply("hello=1");
  stubs_.echo_others();

  EXPECT_EQ(answer("hello").result, "1");
  EXPECT_EQ(answer("any", "[1.10]").result, "1.10");
  EXPECT_EQ(answer("any", "[1, 2]", R"({"a": 3})").result,
            R"({"args": [1, 2], "kwargs": {"a": 3}})");
  EXPECT_TRUE(stubs_.has_method("any"));
}

TEST_F(StubsTest, DelaysEveryAnswer) {
  reply("hello=1");
  stubs_.set_delay(std::chrono::seconds(2));

  EXPECT_EQ(stubs_.choose({.method = "hello"}).delay, std::chrono::seconds(2));
}

}  // namespace
}  // namespace miko::cli
