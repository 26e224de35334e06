// What nameko/management.h makes of the texts of the HTTP API.

#include <gtest/gtest.h>

#include "base/error.h"
#include "nameko/management.h"

namespace miko {
namespace {

constexpr std::string_view queues = R"([
  {"name": "rpc-orders", "consumers": 2, "messages_ready": 7, "messages_unacknowledged": 3,
   "message_stats": {"publish_details": {"rate": 1.5}, "deliver_get_details": {"rate": 2}}},
  {"name": "rpc-mail", "consumers": 0, "messages_ready": 0, "messages_unacknowledged": 0},
  {"name": "watcher", "consumers": 1, "messages_ready": 0, "messages_unacknowledged": 0},
  {"name": "evt-orders-paid--mail.send", "consumers": 1, "messages_ready": 4},
  {"name": "evt-orders-paid", "consumers": 1},
  {"name": "evt-orders-paid--mail.note-0123456789abcdef0123456789abcdef", "consumers": 1}])";
constexpr std::string_view consumers = R"([
  {"queue": {"name": "rpc-orders"}, "prefetch_count": 10,
   "channel_details": {"peer_host": "10.0.0.7", "peer_port": 41234}},
  {"queue": {"name": "rpc-orders"}, "prefetch_count": 10,
   "channel_details": {"peer_host": "::1", "peer_port": 5}}])";
constexpr std::string_view bindings = R"([
  {"source": "nameko-rpc", "destination": "rpc-orders", "routing_key": "orders.*"},
  {"source": "nameko-rpc", "destination": "watcher", "routing_key": "orders.*"},
  {"source": "", "destination": "rpc-mail", "routing_key": "rpc-mail"},
  {"source": "nameko-rpc", "destination": "rpc-mail", "routing_key": "mail.*"},
  {"source": "orders.events", "destination": "evt-orders-paid--mail.send", "routing_key": "paid"},
  {"source": "orders.events", "destination": "evt-orders-paid", "routing_key": "paid"},
  {"source": "orders.events", "routing_key": "paid",
   "destination": "evt-orders-paid--mail.note-0123456789abcdef0123456789abcdef"},
  {"source": "orders.events", "destination": "watcher", "routing_key": "#"}])";

TEST(ReadOverview, FindsServicesByTheirOwnQueues) {
  const Overview overview = read_overview("nameko-rpc", queues, consumers, bindings);

  ASSERT_EQ(overview.services.size(), 2U);
  EXPECT_EQ(overview.services[0].service, "mail");
  const ServiceInfo& orders = overview.services[1];
  EXPECT_EQ(orders.queue.consumers, 2U);
  EXPECT_EQ(orders.queue.ready, 7U);
  EXPECT_EQ(orders.queue.unacknowledged, 3U);
  EXPECT_DOUBLE_EQ(orders.queue.publish_rate, 1.5);
  ASSERT_EQ(orders.instances.size(), 2U);
  EXPECT_EQ(orders.instances[0].peer, "10.0.0.7:41234");
  EXPECT_EQ(orders.instances[1].peer, "[::1]:5");
  EXPECT_EQ(orders.instances[0].prefetch, 10U);
}

TEST(ReadOverview, TellsHandlersByTheNamesOfTheirQueues) {
  const Overview overview = read_overview("nameko-rpc", queues, consumers, bindings);

  ASSERT_EQ(overview.handlers.size(), 4U);
  EXPECT_EQ(overview.handlers[0].kind, HandlerKind::other);
  EXPECT_EQ(overview.handlers[1].kind, HandlerKind::singleton);
  EXPECT_EQ(overview.handlers[2].kind, HandlerKind::broadcast);
  EXPECT_EQ(overview.handlers[2].handler, "mail.note");
  EXPECT_EQ(overview.handlers[3].kind, HandlerKind::service_pool);
  EXPECT_EQ(overview.handlers[3].handler, "mail.send");
  EXPECT_EQ(overview.handlers[3].queue.ready, 4U);
}

TEST(ReadOverview, RefusesWhatIsNoList) {
  EXPECT_THROW(static_cast<void>(read_overview("nameko-rpc", "{}", "[]", "[]")), Error);
  EXPECT_THROW(static_cast<void>(read_overview("nameko-rpc", "[]", "<html>", "[]")), Error);
  EXPECT_TRUE(read_overview("nameko-rpc", "[1, null]", "[]", "[]").services.empty());
}

}  // namespace
}  // namespace miko
