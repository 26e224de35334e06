// dispatch, listen and serve with a broker, a reader or a writer that does not do what it should.

#include <csignal>
#include <optional>

#include "fault/deliveries.h"
#include "support/answers.h"
#include "support/eventually.h"

namespace miko::test {
namespace {

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
    {"acknowledged too late",
     [](Peer& peer) {
       close_main_channel(peer, 406, "PRECONDITION_FAILED - delivery acknowledgement timed out");
       peer.stay_silent();
     },
     "PRECONDITION_FAILED"},
    {"exchange deleted",
     [](Peer& peer) {
       close_main_channel(peer, 404, "NOT_FOUND - no exchange 'x' in vhost '/'");
       peer.stay_silent();
     },
     "NOT_FOUND", 4, "unknown_service"},
    {"frozen", [](Peer& peer) { peer.freeze(); }, "the broker was silent for 2 s"}};

const std::vector<std::string> listening = {"listen", "s"};
const std::vector<std::string> serving = {"serve", "s", "--echo"};

std::vector<std::string> at(const FakeServer& server, std::vector<std::string> words) {
  words.insert(words.end(), {"-b", server.uri() + "?heartbeat=1", "--timeout", "5s"});
  return words;
}

TEST(EventsFault, WhatListensOrServesSaysHowItLostTheBroker) {
  for (const std::vector<std::string>& command : {listening, serving}) {
    for (const Loss& loss : losses) {
      SCOPED_TRACE(command.front() + ": " + loss.name);
      const FakeServer server([&loss](Peer& peer) {
        await_consumer(peer);
        loss.happens(peer);
      });
      std::vector<std::string> words = at(server, command);
      words.emplace_back("--no-reconnect");

      const Outcome run = miko(words);

      // What only reads has done nothing that could be repeated; a request may have been answered.
      expect_fault(run, loss.exit_code, loss.code, command == listening ? "no" : "maybe");
      expect_message(run, loss.part_of_message);
      EXPECT_EQ(server.connections(), 1);
    }
  }
}

TEST(EventsFault, AProgramOfListenMayHaveRunWhenTheBrokerIsLost) {
  const FakeServer server([](Peer& peer) {
    await_consumer(peer);
    peer.close();
  });
  std::vector<std::string> words = at(server, listening);
  words.insert(words.end(), {"--exec", "true", "--no-reconnect"});

  expect_fault(miko(words), 9, "connection_lost", "maybe");
}

TEST(EventsFault, WhatListensOrServesConnectsAgainWhateverTookTheBrokerAway) {
  for (const std::vector<std::string>& command : {listening, serving}) {
    for (const Loss& loss : {losses[1], losses[3], losses[4]}) {
      SCOPED_TRACE(command.front() + ": " + loss.name);
      const FakeServer server([&loss](Peer& peer) {
        await_consumer(peer);
        if (peer.number() == 0) {
          loss.happens(peer);
        } else {
          peer.answer_close();
        }
      });
      Child child(miko_command(at(server, command)));
      child.read_stderr_until("connected again");

      child.send_signal(SIGTERM);
      const Outcome run = child.wait();

      EXPECT_EQ(run.exit_code, command == listening ? 0 : 143) << run.err;
      EXPECT_NE(run.err.find(loss.part_of_message), std::string::npos) << run.err;
      EXPECT_EQ(server.connections(), 2);
    }
  }
}

TEST(EventsFault, WhatListensOrServesTriesUntilTheBrokerIsThereAndAtASignalNoMore) {
  for (const std::vector<std::string>& command : {listening, serving}) {
    SCOPED_TRACE(command.front());
    std::optional<FakeServer> server([](Peer& peer) {
      await_consumer(peer);
      peer.close();
    });
    Child child(miko_command(at(*server, command)));
    child.read_stderr_until("connecting again in 0.5 s");
    server.reset();
    child.read_stderr_until("connection refused; connecting again in 1 s");

    child.send_signal(SIGTERM);
    const Outcome run = child.wait();

    EXPECT_EQ(run.exit_code, command == listening ? 0 : 143) << run.err;
    EXPECT_LT(run.duration, overshoot_max);
  }
}

TEST(EventsFault, WhatListensOrServesEndsAtOnceOnASignal) {
  for (const std::vector<std::string>& command : {listening, serving}) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
      SCOPED_TRACE(command.front());
      const FakeServer server([](Peer& peer) {
        await_consumer(peer);
        peer.answer_close();
      });
      Child child(miko_command(at(server, command)));
      child.read_stderr_until(command == listening ? "listening" : "serving");

      child.send_signal(signal);
      const Outcome run = child.wait();

      EXPECT_EQ(run.exit_code, command == listening ? 0 : 128 + signal) << run.err;
      EXPECT_LT(run.duration, overshoot_max);
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

/// Takes an event, and no more.
void block(Peer& peer) {
  peer.log_in();
  static_cast<void>(peer.read_request());
  peer.blocked("low on disk");
  peer.stay_silent();
}

TEST(EventsFault, ABlockedBrokerEndsLinesAtTheirTimeout) {
  const FakeServer server(block);

  const Outcome run =
      miko({"dispatch", "s", "e", "--lines", "-b", server.uri(), "--timeout", "500ms"},
           {.input = Text{"1 2 3"}});

  EXPECT_EQ(run.exit_code, 124) << run.err;
  expect_message(run, "the broker takes no messages: low on disk; 0 of 3 events dispatched, 3 ");
}

TEST(EventsFault, CtrlCDoesNotWaitForABlockedBroker) {
  const FakeServer server(block);
  Child child(
      miko_command({"dispatch", "s", "e", "--lines", "-b", server.uri(), "--timeout", "10m"},
                   {.input = Pipe{}}));
  child.write_input("1 ");
  EXPECT_TRUE(eventually([&server] { return !server.requests().empty(); }));

  child.send_signal(SIGINT);
  const Outcome run = child.wait();

  EXPECT_EQ(run.exit_code, 130) << run.err;
  expect_message(run, "interrupted; 0 of 1 events dispatched, 1 maybe, 0 not");
  EXPECT_NE(run.out.find(R"({"index":0,"error":{"code":"interrupted")"), std::string::npos)
      << run.out;
}

TEST(EventsFault, AnEventThatTheBrokerRefusesMayHaveReachedOthers) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.nack(peer.read_request());
    peer.answer_close();
  });

  const Outcome run = miko({"dispatch", "s", "e", "-b", server.uri()});

  expect_fault(run, 7, "denied", "maybe");
  expect_message(run, "the broker refused this event of 's'");
  EXPECT_NE(run.error("/error/hint").find("is full and rejects"), std::string::npos);
}

TEST(EventsFault, AnEventThatCannotBeReadIsALineOfItsOwn) {
  const std::vector<std::pair<std::string, Bytes>> poison = {
      {"", Bytes()},
      {std::string("1\0", 2), Bytes()},
      {"\"\xff\"", Bytes()},
      {"\x1b[2J", Bytes()},
      {std::string(100'000, '['), Bytes()},
      {"\x1f\x8b\x08", Bytes().field_text("compression", "application/x-gzip")},
      {"1", Bytes().field_text("k", "\x1b]0;title\x07\xff").field_text("", "")},
      {"2", Bytes().field_table("a", Bytes().field_table("b", Bytes().field_true("c")))}};
  const FakeServer server([&poison](Peer& peer) {
    await_consumer(peer);
    for (const auto& [body, headers] : poison) {
      deliver(peer, {.exchange = "s.events",
                     .routing_key = "e\x1b[31m\xff",
                     .properties = {.content_type = "application/x-python-serialize",
                                    .raw_headers = headers},
                     .body = body});
    }
    peer.answer_close();
  });
  std::vector<std::string> words = at(server, listening);
  words.insert(words.end(), {"-n", std::to_string(poison.size())});

  for (const char* format : {"json", "pretty"}) {
    words.insert(words.end(), {"-o", format});
    const Outcome run = miko(words);
    words.resize(words.size() - 2);

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), std::ssize(poison)) << run.out;
    EXPECT_EQ(run.out.find_first_of("\x1b\x07\xff"), std::string::npos) << run.out;
    if (std::string_view(format) == "json") {
      EXPECT_EQ(json_at(run.out.substr(0, run.out.find('\n')), "data"), "null") << run.out;
    }
  }
}

TEST(EventsFault, AReaderThatHasGoneEndsListenWithoutAWord) {
  const FakeServer server([](Peer& peer) {
    await_consumer(peer);
    while (true) {
      deliver(peer, {.exchange = "s.events", .routing_key = "e", .body = "1"});
      peer.pause(std::chrono::milliseconds(5));
    }
  });
  Command shell = miko_command(at(server, {"listen", "s", "-q"}));
  const std::vector<std::string> words = std::move(shell.argv);
  shell.argv = {"/bin/bash", "-c", R"("$0" "$@" | head -n 1; echo "${PIPESTATUS[0]}")"};
  shell.argv.insert(shell.argv.end(), words.begin(), words.end());

  const Outcome run = miko::test::run(std::move(shell));

  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.out.substr(run.out.find('\n') + 1), "141\n");
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

TEST(EventsFault, NothingIsAskedOfABrokerWhileStandardOutputIsClosed) {
  const FakeServer server([](Peer& peer) { peer.stay_silent(); });

  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"dispatch", "s", "e"}, listening, serving}) {
    const Outcome run = miko(at(server, command), {.output = Closed{}});

    expect_fault(run, 10, "output_failed", "no");
  }
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace miko::test
