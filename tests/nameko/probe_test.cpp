#include "nameko/probe.h"

#include <gtest/gtest.h>

#include "nameko/rpc.h"

namespace miko {
namespace {

Reply raised(std::string_view exc_path, std::string_view argument) {
  const std::string body = R"({"result": null, "error": {"exc_type": "T", "exc_path": ")" +
                           std::string(exc_path) + R"(", "exc_args": [")" + std::string(argument) +
                           R"("], "value": "v"}})";
  return nameko::decode_reply("orders", "get", {.body = body});
}

TEST(Presence, IsWhatTheInstanceThatAnsweredKnows) {
  const Reply refused = raised("nameko.exceptions.MalformedRequest", "");
  const Reply no_method = raised("nameko.exceptions.MethodNotFound", "get");
  const Reply silence = {.failure = Failure{.kind = ErrorKind::timeout}};

  EXPECT_EQ(presence(refused), Presence::present);
  EXPECT_EQ(presence(no_method), Presence::missing);
  EXPECT_EQ(presence(silence), Presence::unknown);
  EXPECT_TRUE(is_alive(no_method));
  EXPECT_FALSE(is_alive(silence));
}

TEST(Presence, IsThereForWhoeverAnswersWithoutLookingAtTheArguments) {
  EXPECT_EQ(presence({.result = "1"}), Presence::present);
}

}  // namespace
}  // namespace miko
