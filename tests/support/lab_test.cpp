#include "support/lab.h"

#include <gtest/gtest.h>

#include "support/eventually.h"

namespace miko::test {
namespace {

TEST(SharedLab, HasABrokerThatAnswersItsTool) {
  MIKO_NEEDS_BROKER();

  const Outcome result = lab().rabbitmqctl({"-q", "list_vhosts", "--no-table-headers"});

  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("empty"), std::string::npos);
  EXPECT_EQ(lab().uri("a/b"),
            "amqp://miko:m4rker-Secret@127.0.0.1:" + std::to_string(lab().port()) + "/a%2Fb");
}

TEST(SharedLab, RunsBothNamekos) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  MIKO_NEEDS_NAMEKO(nameko_3);

  EXPECT_EQ(lab().service(nameko_2).vhost, "/");
  EXPECT_EQ(lab().service(nameko_3).vhost, "nameko3");
}

TEST(PrivateLab, HasTheUsersAndVhostsItWasAskedFor) {
  MIKO_NEEDS_BROKER();
  const User limited = {
      .name = "limited", .password = "x", .configure = "^$", .write = "^$", .read = ".*"};

  const Lab own = Lab::start({.vhosts = {"other vhost"}, .users = {limited}});

  EXPECT_NE(own.port(), lab().port());
  const Outcome result = own.rabbitmqctl({"-q", "list_permissions", "-p", "other vhost"});
  EXPECT_NE(result.out.find("limited\t^$\t^$\t.*"), std::string::npos) << result.out;
  EXPECT_TRUE(eventually([&] { return own.broker_log().find("limited") != std::string::npos; }));
}

}  // namespace
}  // namespace miko::test
