// Reports of suites: lines for eyes, JSON, TAP and JUnit's XML.

#include "cli/suite_report.h"

#include <gtest/gtest.h>

namespace miko::cli {
namespace {

const SuiteResult& suite() {
  static const SuiteResult made = {
      .file = "shop.yaml",
      .name = "shop <1>",
      .results = {{.name = "creates",
                   .line = 3,
                   .verdict = Verdict::passed,
                   .elapsed = std::chrono::milliseconds(12),
                   .attempts = 1},
                  {.name = "reads #2 \x1b[31m",
                   .line = 7,
                   .verdict = Verdict::failed,
                   .unmet = {{.pointer = "/a&b", .wanted = "\"<x>\"", .got = "7"}},
                   .request = "miko call orders get --args '[\"A\"]'",
                   .attempts = 2},
                  {.name = "refunds", .verdict = Verdict::skipped, .reason = "later"},
                  {.name = "pays",
                   .line = 12,
                   .verdict = Verdict::error,
                   .error = "timeout",
                   .message = "no reply",
                   .attempts = 1},
                  {.name = "ships", .verdict = Verdict::not_run, .reason = "interrupted"}},
      .elapsed = std::chrono::milliseconds(1500)};
  return made;
}

std::string text(std::size_t index) {
  return case_text(suite().results[index], 8, false);
}

TEST(CaseText, IsALineAndWhatWasWrongBelowIt) {
  EXPECT_EQ(text(0), "  pass  creates      12 ms");
  EXPECT_EQ(text(1),
            "  FAIL  reads...      0 ms\n"
            "          /a&b: wanted \"<x>\", got 7\n"
            "          after 2 attempts\n"
            "          miko call orders get --args '[\"A\"]'");
  EXPECT_EQ(text(2), "  skip  refunds   later");
  EXPECT_EQ(text(3), "  ERR   pays          0 ms\n          timeout: no reply");
  EXPECT_EQ(text(4), "  -     ships     interrupted");
}

TEST(CaseJson, HasEverything) {
  EXPECT_EQ(
      case_json(suite().results[1], suite()),
      R"({"file":"shop.yaml","suite":"shop <1>","line":7,"phase":"cases",)"
      R"("case":"reads #2 \u001b[31m","status":"failed","elapsed_ms":0.000,"attempts":2,)"
      R"("reason":null,"unmet":[{"pointer":"/a&b","wanted":"\"<x>\"","got":"7"}],)"
      R"("error":null,"request":"miko call orders get --args '[\"A\"]'","correlation_id":null})");
}

TEST(TapReport, EscapesWhatWouldBeADirective) {
  EXPECT_EQ(tap_report({suite()}), R"(TAP version 13
1..5
ok 1 - shop <1>: creates
not ok 2 - shop <1>: reads \#2 \\x1b[31m
  ---
  at: "shop.yaml:7"
  problems: |
    /a&b: wanted "<x>", got 7
    after 2 attempts
  request: "miko call orders get --args '[\"A\"]'"
  ...
ok 3 - shop <1>: refunds # SKIP later
not ok 4 - shop <1>: pays
  ---
  at: "shop.yaml:12"
  problems: |
    timeout: no reply
  ...
not ok 5 - shop <1>: ships
  ---
  at: "shop.yaml:0"
  problems: |
    interrupted
  ...
)");
}

TEST(JunitReport, EscapesForXml) {
  EXPECT_EQ(junit_report({suite()}), R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="miko smoke" tests="5" failures="1" errors="2" time="1.500000">
 <testsuite name="shop &lt;1&gt;" tests="5" failures="1" errors="2" skipped="1" time="1.500000" timestamp="1970-01-01T00:00:00">
  <testcase classname="shop &lt;1&gt;" name="creates" time="0.012000"/>
  <testcase classname="shop &lt;1&gt;" name="reads #2 \x1b[31m" time="0.000000">
    <failure type="failed" message="/a&amp;b: wanted &quot;&lt;x&gt;&quot;, got 7">shop.yaml:7
/a&amp;b: wanted &quot;&lt;x&gt;&quot;, got 7
after 2 attempts
miko call orders get --args &apos;[&quot;A&quot;]&apos;</failure>
  </testcase>
  <testcase classname="shop &lt;1&gt;" name="refunds" time="0.000000">
    <skipped message="later"/>
  </testcase>
  <testcase classname="shop &lt;1&gt;" name="pays" time="0.000000">
    <error type="timeout" message="timeout: no reply">shop.yaml:12
timeout: no reply</error>
  </testcase>
  <testcase classname="shop &lt;1&gt;" name="ships" time="0.000000">
    <error type="not_run" message="interrupted">shop.yaml:0
interrupted</error>
  </testcase>
 </testsuite>
</testsuites>
)");
}

}  // namespace
}  // namespace miko::cli
