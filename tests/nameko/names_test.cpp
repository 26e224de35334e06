#include "nameko/names.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::nameko {
namespace {

std::string complaint_about(std::string_view service, std::string_view method) {
  try {
    static_cast<void>(rpc_routing_key(service, method));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

TEST(RpcRoutingKey, JoinsServiceAndMethod) {
  EXPECT_EQ(rpc_routing_key("orders", "get"), "orders.get");
  EXPECT_EQ(rpc_routing_key("shop.orders", "get"), "shop.orders.get");
  EXPECT_EQ(rpc_routing_key("Größe", "größe_😀"), "Größe.größe_😀");
  EXPECT_EQ(rpc_routing_key("a b", "*"), "a b.*");
}

TEST(RpcRoutingKey, RefusesNamesThatReachNoService) {
  struct Case {
    std::string_view service;
    std::string_view method;
    std::string_view complaint;
  };
  const Case cases[] = {
      {"", "m", "the service name is empty"},
      {"s", "", "the method name is empty"},
      {"s", "a.b", "the method name 'a.b' contains a dot"},
      {"s\n", "m", R"(the service name 's\n' contains a control character or is not UTF-8)"},
      {"s", "\x1b[2J", R"(the method name '\x1b[2J' contains a control character or is not UTF-8)"},
      {"s\xff", "m", R"(the service name 's\xff' contains a control character or is not UTF-8)"},
      {"s", "\xe2\x80\xae",
       R"(the method name '\u202e' contains a control character or is not UTF-8)"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.complaint);

    EXPECT_EQ(complaint_about(c.service, c.method), c.complaint);
  }
}

TEST(RpcRoutingKey, FitsAShortString) {
  const std::string service(200, 's');

  EXPECT_EQ(rpc_routing_key(service, std::string(54, 'm')).size(), 255U);
  EXPECT_EQ(complaint_about(service, std::string(55, 'm')),
            "service and method name together have more than 254 bytes");
}

TEST(RpcQueueName, IsWhereTheServiceTakesRequestsFrom) {
  EXPECT_EQ(rpc_queue_name("orders"), "rpc-orders");
  EXPECT_EQ(rpc_queue_name("shop.orders"), "rpc-shop.orders");
  EXPECT_EQ(rpc_queue_name(std::string(251, 's')).size(), 255U);
  EXPECT_THROW(static_cast<void>(rpc_queue_name(std::string(252, 's'))), Error);
  EXPECT_THROW(static_cast<void>(rpc_queue_name("")), Error);
}

TEST(ReplyQueueName, BeginsWithWhatPermissionsAreGrantedOn) {
  EXPECT_EQ(reply_queue_name("8596fc13"), "rpc.reply-miko-8596fc13");
}

TEST(RpcBindingKey, MatchesEveryMethodOfTheService) {
  EXPECT_EQ(rpc_binding_key("lab.dotted"), "lab.dotted.*");
}

TEST(CallId, NamesMikoAsTheCaller) {
  EXPECT_EQ(call_id("8596fc13"), "miko.call.8596fc13");
}

}  // namespace
}  // namespace miko::nameko
