#include "cli/event_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace miko::cli {
namespace {

using std::chrono::milliseconds;

/// 2026-11-27 09:30:00.007 UTC.
const auto at = std::chrono::system_clock::time_point(milliseconds(1795771800007));

TEST(EventJson, IsOneLineWithTheDataAsItCame) {
  EXPECT_EQ(event_json({.service = "orders",
                        .type = "paid",
                        .data = "{\n \"id\": 1.10, \"big\": 1e400}",
                        .headers = R"({"nameko.user_id":7})"},
                       at),
            R"({"service":"orders","event":"paid","data":{"id":1.10,"big":1e400},)"
            R"("headers":{"nameko.user_id":7},"at":"2026-11-27T09:30:00.007Z"})");
}

TEST(EventJson, SaysWhatCameBeforeAndWhatCannotBeRead) {
  const std::string line = event_json({.service = "s",
                                       .type = "e",
                                       .redelivered = true,
                                       .fault = "not JSON: expected a value at byte 0",
                                       .body = "\x80\n"},
                                      at);

  EXPECT_NE(line.find(R"("data":null,"headers":{})"), std::string::npos) << line;
  EXPECT_TRUE(line.ends_with(
      R"("redelivered":true,"error":"not JSON: expected a value at byte 0","body":"�\n"})"))
      << line;
}

TEST(EventText, HasNoControlCharactersOfTheEvent) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  EXPECT_EQ(event_text({.service = "orders", .type = "pa\x1bid", .data = "\"\x7f\""}, at, false),
            R"(09:30:00.007  orders.pa\x1bid  "\u007f")");
  EXPECT_EQ(
      event_text({.service = "s", .type = "e", .fault = "not JSON", .body = "\x1b[2J"}, at, false),
      R"(09:30:00.007  s.e  not JSON: \x1b[2J)");
}

TEST(EventText, IsColouredForTerminals) {
  EXPECT_NE(event_text({.service = "s", .type = "e"}, at, true).find("\x1b[1ms.e\x1b[0m  null"),
            std::string::npos);
}

}  // namespace
}  // namespace miko::cli
