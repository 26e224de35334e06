#include "cli/services_report.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

Overview overview() {
  return {.services = {{.service = "orders",
                        .queue = {.name = "rpc-orders",
                                  .consumers = 2,
                                  .ready = 7,
                                  .unacknowledged = 20,
                                  .publish_rate = 12.34},
                        .instances = {{.peer = "10.0.0.7:41234", .prefetch = 10},
                                      {.peer = "10.0.0.8:41235", .prefetch = 5}}}},
          .handlers = {{.source = "orders",
                        .event = "paid",
                        .handler = "mail.send",
                        .queue = {.name = "evt-orders-paid--mail.send", .consumers = 1}}}};
}

TEST(ServicesReport, OfTheBrokerAlone) {
  const std::vector<ServiceRow> rows = {
      {.service = "orders", .state = {.deployed = true, .instances = 2, .ready = 7}},
      {.service = "nosuch"}};

  EXPECT_EQ(services_table(rows, true, false),
            "SERVICE  INSTANCES     READY\n"
            "orders   2             7\n"
            "nosuch   not deployed  0\n");
  EXPECT_EQ(services_json(rows),
            R"([{"service":"orders","deployed":true,"instances":2,"ready":7},)"
            R"({"service":"nosuch","deployed":false,"instances":0,"ready":0}])");
}

TEST(ServicesReport, OfTheManagementApi) {
  EXPECT_EQ(services_table(rows_of(overview(), {}), false, false),
            "SERVICE  INSTANCES  READY  UNACKED  IN/S  OUT/S  PREFETCH\n"
            "orders   2          7      20       12.3  0.0    5,10\n");
}

TEST(ServicesReport, ShowsInstancesAndEvents) {
  EXPECT_EQ(services_table(rows_of(overview(), {"orders"}), true, false),
            "SERVICE  INSTANCES  READY  UNACKED  IN/S  OUT/S  PREFETCH\n"
            "orders   2          7      20       12.3  0.0    5,10\n"
            "\n"
            "INSTANCE OF  CONNECTED FROM  PREFETCH\n"
            "orders       10.0.0.7:41234  10\n"
            "orders       10.0.0.8:41235  5\n"
            "\n"
            "EVENT        HANDLER    KIND  INSTANCES  READY  UNACKED\n"
            "orders.paid  mail.send  pool  1          0      0\n");
}

TEST(ServicesReport, KnowsWhoseEventsAServiceHandles) {
  const std::vector<ServiceRow> rows = rows_of(overview(), {"mail"});

  ASSERT_EQ(rows.size(), 1U);
  EXPECT_FALSE(rows[0].state.deployed);
  ASSERT_EQ(rows[0].handles.size(), 1U);
  EXPECT_EQ(rows[0].handles[0].source, "orders");
}

}  // namespace
}  // namespace miko::cli
