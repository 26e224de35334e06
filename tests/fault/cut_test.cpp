// A good conversation is cut after byte N, for every N and in both directions. Whatever remains,
// the word for what happened to the call must be true: never "no" once the last byte of the request
// may have left, never "yes" without a reply, and nothing is ever sent twice.

#include <gtest/gtest.h>

#include <regex>

#include "support/causal_proxy.h"
#include "support/fake_server.h"
#include "support/miko_program.h"

namespace miko::test {
namespace {

void answer_politely(Peer& peer) {
  try {
    peer.log_in();
    const Request request = peer.read_request();
    peer.reply(request, R"({"result": "Hello, Ann!", "error": null})");
    peer.answer_close();
  } catch (const ClientLeft&) {
    // Somewhere in the middle the line is cut; that is the point.
  }
}

/// How long the parts of an uncut conversation are.
struct Lengths {
  std::size_t request_end = 0;  ///< bytes to the server with the last one of the request
  std::size_t to_server = 0;
  std::size_t to_client = 0;
};

Outcome call_through(const CausalProxy& proxy) {
  return miko({"call", "greeting", "hello", "name=Ann", "-v", "--timeout", "10s", "-b",
               "amqp://127.0.0.1:" + std::to_string(proxy.port())});
}

Lengths measure() {
  const FakeServer server(answer_politely);
  const CausalProxy proxy({.server_port = server.port(), .delay = std::chrono::milliseconds(0)});
  const Outcome run = call_through(proxy);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  std::smatch sent;
  EXPECT_TRUE(std::regex_search(run.err, sent, std::regex("publish +([0-9]+) bytes sent")));
  return {.request_end = std::stoul(sent[1]),
          .to_server = proxy.bytes(Direction::to_server),
          .to_client = proxy.bytes(Direction::to_client)};
}

/// Checks one cut and returns what it said about execution.
std::string expect_truth(const Lengths& lengths, const Cut& cut) {
  FakeServer server(answer_politely);
  std::string executed;
  {
    const CausalProxy proxy(
        {.server_port = server.port(), .delay = std::chrono::milliseconds(0), .cut = cut});
    const Outcome run = call_through(proxy);
    executed = run.exit_code == 0 ? "yes" : run.error("/error/executed");
    if (run.exit_code == 0) {
      EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
    } else {
      EXPECT_TRUE(run.exit_code == 6 || run.exit_code == 9) << run.exit_code << run.err;
      EXPECT_EQ(run.out, "");
    }
  }
  server.join();
  EXPECT_LE(server.requests().size(), 1U);
  if (!server.requests().empty()) {
    EXPECT_NE(executed, "no");
  }
  // All of the request had left before anything was cut off behind it.
  const bool all_left =
      cut.direction == Direction::to_client || cut.after_bytes >= lengths.request_end;
  if (all_left) {
    EXPECT_NE(executed, "no");
  }
  return executed;
}

class CutTest : public testing::TestWithParam<CutBy> {};

INSTANTIATE_TEST_SUITE_P(With, CutTest, testing::Values(CutBy::close, CutBy::reset),
                         [](const auto& variant) {
                           return variant.param == CutBy::close ? "Close" : "Reset";
                         });

TEST_P(CutTest, AfterAnyByteToTheServerTheWordIsTrue) {
  const Lengths lengths = measure();
  ASSERT_GT(lengths.request_end, 500U);

  for (std::size_t n = 0; n < lengths.to_server; ++n) {
    SCOPED_TRACE(n);
    expect_truth(lengths, {.direction = Direction::to_server, .after_bytes = n, .by = GetParam()});
  }
}

TEST_P(CutTest, AfterAnyByteToTheClientTheWordIsTrue) {
  const Lengths lengths = measure();

  for (std::size_t n = 0; n < lengths.to_client; ++n) {
    SCOPED_TRACE(n);
    expect_truth(lengths, {.direction = Direction::to_client, .after_bytes = n, .by = GetParam()});
  }
}

}  // namespace
}  // namespace miko::test
