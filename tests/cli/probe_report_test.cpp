#include "cli/probe_report.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

const ProbeResult result = {.service = "orders",
                            .instances = 2,
                            .probes = 4,
                            .methods = {{.name = "get", .present = 4},
                                        {.name = "refund", .present = 2, .missing = 2},
                                        {.name = "nosuch", .missing = 4},
                                        {.name = "late", .unanswered = 4}}};

TEST(ProbedMethod, IsMixedWhenInstancesDisagree) {
  EXPECT_EQ(result.methods[0].status(), MethodStatus::present);
  EXPECT_EQ(result.methods[1].status(), MethodStatus::mixed);
  EXPECT_EQ(result.methods[2].status(), MethodStatus::missing);
  EXPECT_EQ(result.methods[3].status(), MethodStatus::unanswered);
}

TEST(ProbeReport, IsATableForEyes) {
  EXPECT_EQ(probe_table(result, false),
            "METHOD  STATUS      PRESENT  MISSING  UNANSWERED\n"
            "get     present     4        0        0\n"
            "refund  mixed       2        2        0\n"
            "nosuch  missing     0        4        0\n"
            "late    unanswered  0        0        4\n");
}

TEST(ProbeReport, IsDataForScripts) {
  EXPECT_EQ(probe_json({.service = "orders", .instances = 1, .probes = 2, .methods = {{"get", 2}}}),
            R"({"service":"orders","instances":1,"probes":2,"methods":[{"method":"get",)"
            R"("status":"present","present":2,"missing":0,"unanswered":0}]})");
  EXPECT_EQ(probe_json({.service = "orders", .probes = 10}),
            R"({"service":"orders","instances":null,"probes":10,"methods":[]})");
}

}  // namespace
}  // namespace miko::cli
