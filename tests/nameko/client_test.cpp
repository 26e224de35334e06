#include "nameko/client.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace miko {
namespace {

/// What making a client fails with; nothing is connected before the first call.
std::string complaint_about(const Options& options) {
  try {
    const Client client(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

TEST(PreviewCall, ShowsTheRequestWithoutSendingIt) {
  const std::string preview = preview_call({.exchange = "x", .timeout = std::chrono::seconds(7)},
                                           "orders", "get", {.args = "[1.10]"});

  EXPECT_EQ(json_find(preview, "exchange"), R"("x")");
  EXPECT_EQ(json_find(preview, "routing_key"), R"("orders.get")");
  EXPECT_EQ(json_find(preview, "mandatory"), "true");
  EXPECT_EQ(json_find(preview, "body"), R"({"args": [1.10], "kwargs": {}})");
  EXPECT_EQ(json_find(*json_find(preview, "properties"), "expiration"), R"("7000")");
}

TEST(PreviewCall, RefusesWhatACallWouldRefuse) {
  EXPECT_THROW(static_cast<void>(preview_call({}, "orders", "a.b", {})), Error);
  EXPECT_THROW(static_cast<void>(preview_call({}, "orders", "get", {.args = "{}"})), Error);
}

TEST(Client, RefusesOptionsThatCannotWork) {
  const std::pair<Options, std::string_view> cases[] = {
      {{}, "none"},
      {{.exchange = ""}, "the exchange name is empty or has more than 255 bytes"},
      {{.exchange = std::string(256, 'x')},
       "the exchange name is empty or has more than 255 bytes"},
      {{.in_flight_max = 0}, "at least one call must be allowed in flight"},
      {{.broker = "amqp://bob@h"}, "no password for user 'bob'"},
  };
  for (const auto& [options, complaint] : cases) {
    EXPECT_EQ(complaint_about(options), complaint);
  }
}

TEST(Client, RefusesACallThatCannotBeSentBeforeItConnects) {
  Client client({.broker = "amqp://h.invalid"});

  EXPECT_THROW(client.call("orders", "get", {.kwargs = "[]"}), Error);
  EXPECT_NO_THROW(client.wait());
  EXPECT_NO_THROW(client.close());
}

}  // namespace
}  // namespace miko
