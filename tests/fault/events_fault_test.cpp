// dispatch, listen and serve with a broker, a reader or a writer that does not do what it should.

#include "fault/fault_call.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;

/// What a broker does once somebody consumes, and what is said about it.
struct Loss {
  std::string name = {};
  std::function<void(Peer&)> happens = {};
  std::string part_of_message = {};
  int exit_code = 9;
  std::string code = "connection_lost";
};

const std::vector<Loss> losses = {
    {"reset", [](Peer& peer) { peer.reset(); }, "reset"},
    {"ended", [](Peer& peer) { peer.close(); }, "closed"},
    {"shut down", [](Peer& peer) { peer.close_connection(); }, "CONNECTION_FORCED"},
    {"queue deleted",
     [](Peer& peer) {
       peer.send_method(1, {60, 30}, Bytes().short_string("tag").u8(1));  // basic.cancel
       peer.stay_silent();
     },
     "cancelled the consumer"},
    {"channel closed",
     [](Peer& peer) {
       peer.send_method(
           1, {20, 40},  // channel.close
           Bytes().u16(406).short_string("PRECONDITION_FAILED - too late").u16(0).u16(0));
       peer.stay_silent();
     },
     "PRECONDITION_FAILED", 7, "denied"},
    {"frozen", [](Peer& peer) { peer.freeze(); }, "the broker was silent for 2 s"}};

FakeServer::Script losing(std::function<void(Peer&)> happens) {
  return [happens = std::move(happens)](Peer& peer) {
    peer.log_in();
    peer.answer(peer.read_method({60, 20}));  // basic.consume
    happens(peer);
  };
}

TEST(EventsFault, WhatListensOrServesSaysHowItLostTheBroker) {
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"listen", "s", "--no-reconnect"}, {"serve", "s", "--echo"}}) {
    for (const Loss& loss : losses) {
      SCOPED_TRACE(command.front() + ": " + loss.name);
      const FakeServer server(losing(loss.happens));
      std::vector<std::string> words = command;
      words.insert(words.end(), {"-b", server.uri() + "?heartbeat=1", "--timeout", "5s"});

      const Outcome run = miko(words);

      // What was being answered, or run for an event, may have been.
      expect_fault(run, loss.exit_code, loss.code, "maybe");
      expect_message(run, loss.part_of_message);
      EXPECT_EQ(server.connections(), 1);
    }
  }
}

TEST(EventsFault, NobodyListensOrServesWithoutABroker) {
  const std::string nowhere = "amqp://127.0.0.1:" + std::to_string(unused_port());
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"dispatch", "s", "e"},
                                             {"dispatch", "s", "e", "--lines"},
                                             {"listen", "s"},
                                             {"serve", "s", "--echo"}}) {
    SCOPED_TRACE(command.front());
    std::vector<std::string> words = command;
    words.insert(words.end(), {"-b", nowhere});

    expect_fault(miko(words, {.input = Text{""}}), 6, "unreachable", "no");
  }
}

TEST(EventsFault, AnEventThatABlockedBrokerDoesNotTakeMayBeTakenLater) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.blocked("low on memory");
    peer.stay_silent();
  });

  const Outcome run = miko({"dispatch", "s", "e", "--timeout", "500ms", "-b", server.uri()});

  EXPECT_EQ(run.exit_code, 124) << run.err;
  expect_message(run, "low on memory");
}

TEST(EventsFault, AFullDiskIsNoSuccess) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.answer_close();
  });

  const Outcome run = miko({"dispatch", "s", "e", "--lines", "-b", server.uri()},
                           {.input = Text{"{"}, .output = File{"/dev/full"}});

  EXPECT_EQ(run.exit_code, 10) << run.err;
  EXPECT_EQ(run.error("/error/code"), "output_failed");
}

}  // namespace
}  // namespace miko::test
