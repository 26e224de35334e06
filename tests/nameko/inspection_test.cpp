#include "nameko/inspection.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::nameko {
namespace {

TEST(Inspection, AsksForTheCountsOfTheQueueAndChangesNothing) {
  const amqp::Request request = inspection("orders");

  EXPECT_EQ(std::get<amqp::request::DeclareQueue>(request).queue, "rpc-orders");
  EXPECT_TRUE(std::get<amqp::request::DeclareQueue>(request).passive);
}

TEST(ServiceState, IsReadFromTheAnswer) {
  const ServiceState running =
      service_state_of("orders", {.message_count = 7, .consumer_count = 2});
  const ServiceState unknown = service_state_of("orders", {.refusal_code = 404});

  EXPECT_TRUE(running.deployed);
  EXPECT_EQ(running.instances, 2U);
  EXPECT_EQ(running.ready, 7U);
  EXPECT_FALSE(unknown.deployed);
  EXPECT_THROW(static_cast<void>(service_state_of("orders", {.refusal_code = 405})), Error);
}

TEST(ServiceState, OfAHiddenQueueIsDeniedWithTheRightThatShowsIt) {
  try {
    static_cast<void>(service_state_of("orders", {.refusal_code = 403}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::denied);
    EXPECT_NE(error.failure().hint.find("write on 'rpc-orders' is the least"), std::string::npos);
  }
  EXPECT_TRUE(is_hidden({.refusal_code = 403}));
  EXPECT_FALSE(is_hidden({.refusal_code = 404}));
}

}  // namespace
}  // namespace miko::nameko
