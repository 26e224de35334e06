#include "cli/ping_report.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

using std::chrono::milliseconds;

PingResult three_of_four() {
  PingResult result = {
      .service = "orders", .sent = 4, .received = 3, .state = {.deployed = true, .instances = 2}};
  for (const int ms : {1, 2, 3}) {
    result.latency.record(milliseconds(ms));
  }
  return result;
}

TEST(PingLine, IsATimeOrAProblem) {
  const PingAnswer answered = {.seq = 1, .elapsed = std::chrono::microseconds(1320)};
  const PingAnswer silent = {.seq = 2, .elapsed = milliseconds(5000), .problem = "no reply"};

  EXPECT_EQ(ping_line("orders", answered, PingFormat::text), "orders: seq=1 time=1.32 ms");
  EXPECT_EQ(ping_line("orders", silent, PingFormat::text), "orders: seq=2 no reply");
  EXPECT_EQ(ping_line("orders", silent, PingFormat::json),
            R"({"seq":2,"ok":false,"ms":5000.000,"problem":"no reply"})");
  EXPECT_EQ(ping_line("orders", answered, PingFormat::nagios), "");
}

TEST(PingSummary, IsWhatPingSaysAtItsEnd) {
  EXPECT_EQ(ping_summary(three_of_four(), {}, PingFormat::text),
            "--- orders ping statistics ---\n"
            "4 pings, 3 replies, 25 % loss, 2 instances\n"
            "min/mean/p95/max = 1.00/2.00/3.00/3.00 ms");
}

TEST(PingSummary, LeavesOutInstancesThatTheBrokerDoesNotShow) {
  PingResult result = three_of_four();
  result.state = {.hidden = true};

  EXPECT_NE(ping_summary(result, {}, PingFormat::text).find("25 % loss\n"), std::string::npos);
  EXPECT_NE(ping_summary(result, {}, PingFormat::json).find(R"("instances":null,"ready_max":null)"),
            std::string::npos);
  for (const PingFormat format : {PingFormat::nagios, PingFormat::prometheus}) {
    EXPECT_EQ(ping_summary(result, {}, format).find("instances"), std::string::npos);
  }
}

TEST(PingSummary, SaysThatPingsQueue) {
  PingResult result = three_of_four();
  result.ready_max = 14;

  EXPECT_NE(ping_summary(result, {}, PingFormat::text)
                .find("pings queue behind running calls: up to 14 requests waited for 2 instances"),
            std::string::npos);
}

TEST(PingSummary, IsDataForScripts) {
  EXPECT_EQ(ping_summary({.service = "orders", .sent = 2}, {}, PingFormat::json),
            R"({"service":"orders","sent":2,"received":0,"loss_percent":100,"instances":0,)"
            R"("ready_max":0,"ms":null})");
}

TEST(PingSummary, IsAPluginsLine) {
  const PingLimits limits = {.warn = milliseconds(2), .crit = milliseconds(500)};

  EXPECT_EQ(ping_summary(three_of_four(), limits, PingFormat::nagios),
            "MIKO WARNING - orders: 3 of 4 pings answered, 2 instances | "
            "p95=0.003000s;0.002;0.5;0 mean=0.002000s;;;0 loss=25%;;;0;100 instances=2;;;0");
}

TEST(PingSummary, KeepsAStrangeNameInsideItsLabel) {
  PingResult result = three_of_four();
  result.service = "or\"d\\ers\n";

  const std::string text = ping_summary(result, {}, PingFormat::prometheus);
  EXPECT_NE(text.find(R"(miko_ping_up{service="or\"d\\ers\\n"} 1)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"(,stat="p95"} 0.003)"), std::string::npos) << text;
}

TEST(Health, HasTwoLimits) {
  PingResult result = three_of_four();
  EXPECT_EQ(health(result, {}), Health::warning);
  result.sent = 3;
  EXPECT_EQ(health(result, {}), Health::ok);
  EXPECT_EQ(health(result, {.warn = milliseconds(2)}), Health::warning);
  EXPECT_EQ(health(result, {.warn = milliseconds(1), .crit = milliseconds(2)}), Health::critical);
  EXPECT_EQ(health({.sent = 3}, {}), Health::critical);
}

}  // namespace
}  // namespace miko::cli
