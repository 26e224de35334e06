// Brokers that say things out of order, or too late to prove anything.

#include "fault/fault_call.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;

TEST(BrokerFault, Row29_RefusalAfterTheConfirmProvesNothing) {
  for (const unsigned code : {403U, 530U}) {
    const FakeServer server(after_request([code](Peer& peer, const Request&) {
      peer.close_connection({.code = code, .text = "NOT_ALLOWED - vhost is down"});
    }));
    EXPECT_EQ(fault_call(server.uri()).error("/error/executed"), "maybe");
  }
}

TEST(BrokerFault, Row35_FrameLimitBelowAmqpsOwnProvesNothing) {
  const FakeServer server([](Peer& peer) {
    peer.log_in({.tune = {.frame_max = 2048}});
    peer.read_request();
    peer.stay_silent();
  });
  expect_fault(fault_call(server.uri()), 6, "unreachable", "maybe");
}

TEST(BrokerFault, Row40_AFloodOfTunesTakesNoMemory) {
  const FakeServer server([](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start();
    peer.read_start_ok();
    while (true) {
      peer.send_tune();
    }
  });
  const Outcome run =
      fault_call(server.uri(), {.options = {"--careful"}, .timeout = milliseconds(1500)});
  // The request leaves with the answer to the first of them, or not at all: a race.
  EXPECT_EQ(run.exit_code, 6) << run.err;
  EXPECT_NE(run.error("/error/executed"), "yes") << run.err;
#ifndef __SANITIZE_ADDRESS__  // which needs memory of its own
  EXPECT_LT(run.memory_peak_kib, 16 * 1024);
#endif
}

TEST(BrokerFault, Row41_TuneAfterTheLoginIsNoLogin) {
  const FakeServer server(after_request([](Peer& peer, const Request&) {
    peer.send_tune();
    peer.stay_silent();
  }));
  expect_fault(fault_call(server.uri(), {.timeout = milliseconds(500)}), 9, "connection_lost",
               "maybe");
}

TEST(BrokerFault, Row41_CloseOkUnasked) {
  const FakeServer server(after_request([](Peer& peer, const Request&) {
    peer.send_method(0, {10, 51});
    peer.stay_silent();
  }));
  expect_fault(fault_call(server.uri(), {.timeout = milliseconds(1000)}), 9, "connection_lost",
               "maybe");
}

TEST(BrokerFault, ARequestThatAFullQueueRejectsIsRefusedNotLost) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.nack(peer.read_request());
    peer.answer_close();
  });

  const Outcome run = fault_call(server.uri());

  expect_fault(run, 7, "denied", "maybe");
  expect_message(run, "the broker refused the request to greeting.hello");
  EXPECT_NE(run.error("/error/hint").find("is full and rejects"), std::string::npos);
}

}  // namespace
}  // namespace miko::test
