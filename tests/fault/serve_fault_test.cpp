// miko serve with a broker, or a reader of its log, that does not do what it should.

#include <csignal>

#include "fault/deliveries.h"
#include "support/eventually.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

std::vector<std::string> serving(const FakeServer& server, std::vector<std::string> words) {
  words.insert(words.begin(), {"serve", "s", "-b", server.uri(), "--timeout", "5s"});
  return words;
}

TEST(ServeFault, ARequestThatCameWithALostConnectionIsOnlyAnsweredWhenItComesAgain) {
  const FakeServer server([](Peer& peer) {
    await_consumer(peer);
    if (peer.number() == 0) {
      deliver(peer, {.tag = 1,
                     .properties = {.content_type = "application/json",
                                    .correlation_id = "first",
                                    .reply_to = "caller"}});
      peer.close();
      return;
    }
    // Long enough for an answer of the old connection to show.
    peer.pause(std::chrono::milliseconds(400));
    deliver(peer, {.tag = 1, .redelivered = true});
    const Request answer = peer.read_request();
    EXPECT_EQ(answer.properties.correlation_id, "id");
    EXPECT_EQ(read_acknowledged(peer), 1U);
    peer.answer_close();
  });

  const Outcome run = miko(serving(server, {"--echo", "--delay", "700ms", "-n", "1", "--log"}));

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 1) << run.out;
  EXPECT_NE(run.err.find("answered 1 request\n"), std::string::npos) << run.err;
}

TEST(ServeFault, AnswersFirstAndAcknowledgesThen) {
  const FakeServer server([](Peer& peer) {
    await_consumer(peer);
    deliver(peer, {.tag = 7});
    Frame frame = peer.read_frame();
    while (frame.method() != MethodId{60, 40} && frame.method() != MethodId{60, 80}) {
      frame = peer.read_frame();
    }
    EXPECT_EQ(frame.method(), (MethodId{60, 40}));
    EXPECT_EQ(read_acknowledged(peer), 7U);
    peer.answer_close();
  });

  EXPECT_EQ(miko(serving(server, {"--echo", "-n", "1"})).exit_code, 0);
}

TEST(ServeFault, AProgramEndsWithTheConnectionOfItsRequest) {
  const TemporaryDirectory directory;
  const std::string ran = directory.path("ran");
  const FakeServer server([&ran](Peer& peer) {
    await_consumer(peer);
    deliver(peer, {.redelivered = peer.number() > 0});
    if (peer.number() == 0) {
      EXPECT_TRUE(eventually([&ran] { return read_file(ran) == "begun\n"; }));
      peer.close();
      return;
    }
    EXPECT_EQ(peer.read_request().body, R"({"result": 1, "error": null})");
    EXPECT_EQ(read_acknowledged(peer), 1U);
    peer.answer_close();
  });
  directory.write_file("ran", "");

  const Outcome run =
      miko(serving(server, {"-n", "1", "--exec",
                            "hello=echo begun >>" + ran + "; test \"$(wc -l <" + ran +
                                ")\" = 2 || sleep 1000; echo ended >>" + ran + "; echo 1"}));

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(read_file(ran), "begun\nbegun\nended\n");
}

TEST(ServeFault, AnAnswerThatTheBrokerRefusesIsTheEndAndNotALoop) {
  const MethodId publish = {60, 40};
  for (const auto& [code, text] : std::vector<std::pair<unsigned, std::string>>{
           {403, "ACCESS_REFUSED - access to exchange 'nameko-rpc' refused"},
           {406, "PRECONDITION_FAILED - message size 9 is larger than configured max size 8"}}) {
    SCOPED_TRACE(code);
    const FakeServer server([code = code, text = text, publish](Peer& peer) {
      await_consumer(peer);
      deliver(peer, {});
      static_cast<void>(peer.read_request());
      close_main_channel(peer, code, text, publish);
      peer.stay_silent();
    });

    const Outcome run = miko(serving(server, {"--echo"}));

    EXPECT_EQ(run.exit_code, 7) << run.err;
    expect_message(run, text);
    EXPECT_EQ(server.connections(), 1);
  }
}

TEST(ServeFault, ABlockedBrokerIsToldAndNotWaitedForAtTheEnd) {
  const FakeServer server([](Peer& peer) {
    await_consumer(peer);
    deliver(peer, {});
    static_cast<void>(peer.read_request());
    peer.blocked("low on memory");
    peer.stay_silent();
  });
  Child child(miko_command(serving(server, {"--echo"})));
  child.read_stderr_until("the broker takes no messages now: low on memory");

  child.send_signal(SIGTERM);
  const Outcome run = child.wait();

  EXPECT_EQ(run.exit_code, 143);
  EXPECT_NE(run.err.find("the queue of 's' stays: the broker takes no messages"), std::string::npos)
      << run.err;
  EXPECT_LT(run.duration, overshoot_max);
}

TEST(ServeFault, ABrokerThatWasBlockedIsServedAgain) {
  const FakeServer server([](Peer& peer) {
    await_consumer(peer);
    peer.blocked("low on memory");
    peer.unblocked();
    deliver(peer, {});
    EXPECT_EQ(peer.read_request().properties.correlation_id, "id");
    peer.answer_close();
  });

  const Outcome run = miko(serving(server, {"--echo", "-n", "1"}));

  EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST(ServeFault, ALogThatNobodyReadsIsAnEndInOrder) {
  const FakeServer server([](Peer& peer) {
    await_consumer(peer);
    for (std::uint64_t tag = 1; tag <= 200; ++tag) {
      deliver(peer, {.tag = tag});
      peer.pause(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(peer.answer_close(), Goodbye::polite);
  });
  Command shell = miko_command(serving(server, {"--echo", "--log"}));
  const std::vector<std::string> words = std::move(shell.argv);
  shell.argv = {"/bin/bash", "-c", R"("$0" "$@" | head -n 1 >/dev/null; exit "${PIPESTATUS[0]}")"};
  shell.argv.insert(shell.argv.end(), words.begin(), words.end());

  const Outcome run = miko::test::run(std::move(shell));

  EXPECT_EQ(run.exit_code, 10) << run.err;
  expect_message(run, "Broken pipe");
}

TEST(ServeFault, ALogOnAFullDiskIsAnEndInOrder) {
  const FakeServer server([](Peer& peer) {
    await_consumer(peer);
    deliver(peer, {});
    EXPECT_EQ(read_acknowledged(peer), 1U);
    EXPECT_EQ(peer.answer_close(), Goodbye::polite);
  });

  const Outcome run = miko(serving(server, {"--echo", "--log"}), {.output = File{"/dev/full"}});

  EXPECT_EQ(run.exit_code, 10) << run.err;
  expect_message(run, "No space left on device");
}

}  // namespace
}  // namespace miko::test
