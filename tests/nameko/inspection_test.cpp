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

}  // namespace
}  // namespace miko::nameko
