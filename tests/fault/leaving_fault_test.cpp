// How miko leaves a broker while messages for it may be on their way. RabbitMQ 4.3 refuses what is
// routed to a queue that is just going away, and a refused reply ends a Nameko service: so what may
// still come is turned away first.

#include <csignal>
#include <mutex>

#include "fault/deliveries.h"
#include "fault/full_pipe.h"
#include "miko.h"

namespace miko::test {
namespace {

using Words = std::vector<std::string>;

/// What a client says until it has left, of what matters here: "publish", "unbind KEY on CHANNEL",
/// "close".
class LastWords {
 public:
  /// Answers everything but the method `unanswered`.
  void hear(Peer& peer, MethodId unanswered = {}) {
    try {
      while (true) {
        const Frame frame = peer.read_frame();
        note(frame);
        if (frame.method() != unanswered) {
          peer.answer(frame);
        }
      }
    } catch (const ClientLeft&) {
      // As it should.
    }
  }

  [[nodiscard]] Words words() const {
    const std::lock_guard lock(mutex_);
    return words_;
  }

 private:
  void note(const Frame& frame) {
    const std::lock_guard lock(mutex_);
    const MethodId method = frame.method();
    if (method == MethodId{50, 50}) {
      ByteReader arguments = frame.arguments();
      arguments.u16();
      arguments.short_string();
      arguments.short_string();
      words_.push_back("unbind " + arguments.short_string() + " on " +
                       std::to_string(frame.channel));
    } else if (method == MethodId{60, 40}) {
      words_.emplace_back("publish");
    } else if (method == MethodId{10, 50}) {
      words_.emplace_back("close");
    }
  }

  mutable std::mutex mutex_;
  Words words_;
};

/// A broker that takes this many requests, does `then` and hears what follows. `unbind` is what it
/// should hear.
class Abandoned {
 public:
  using Then = std::function<void(Peer& peer, const std::vector<Request>& requests)>;

  explicit Abandoned(
      std::size_t count, Then then =
                             [](Peer& peer, const std::vector<Request>& requests) {
                               for (const Request& request : requests) {
                                 peer.ack(request);
                               }
                             })
      : server_([this, count, then = std::move(then)](Peer& peer) {
          peer.log_in();
          std::vector<Request> requests(count);
          for (Request& request : requests) {
            request = peer.read_request();
          }
          reply_key_ = requests.front().properties.reply_to.value_or("");
          then(peer, requests);
          last_.hear(peer);
        }) {}

  [[nodiscard]] std::string uri() const { return server_.uri(); }

  /// Waits until the client has left.
  [[nodiscard]] Words last_words() {
    server_.join();
    return last_.words();
  }

  [[nodiscard]] std::string unbind(unsigned channel = 1) const {
    return "unbind " + reply_key_ + " on " + std::to_string(channel);
  }

 private:
  LastWords last_;
  std::string reply_key_;
  FakeServer server_;
};

FaultCall short_call() {
  return {.timeout = std::chrono::milliseconds(300)};
}

TEST(LeavingFault, ACallThatTimedOutHasItsReplyTurnedAwayFirst) {
  Abandoned server(1);

  expect_fault(fault_call(server.uri(), short_call()), 124, "timeout", "maybe");

  const Words last = server.last_words();
  EXPECT_EQ(last, (Words{server.unbind(), "close"}));
}

TEST(LeavingFault, ACallThatWasAnsweredJustSaysGoodbye) {
  Abandoned server(1, [](Peer& peer, const std::vector<Request>& requests) {
    peer.reply(requests.front(), hello_ann);
  });

  EXPECT_EQ(fault_call(server.uri()).exit_code, 0);

  EXPECT_EQ(server.last_words(), Words{"close"});
}

TEST(LeavingFault, AReplyThatComesAllTheSameIsReadPast) {
  LastWords last;
  FakeServer server(after_request([&last](Peer& peer, const Request& request) {
    peer.answer(peer.read_method({50, 50}));
    peer.reply(request, hello_ann);
    last.hear(peer);
  }));

  expect_fault(fault_call(server.uri(), short_call()), 124, "timeout", "maybe");

  server.join();
  EXPECT_EQ(last.words(), Words{"close"});
}

TEST(LeavingFault, ItDoesNotGoBeforeTheBrokerHasTurnedRepliesAway) {
  Goodbye goodbye = Goodbye::polite;
  FakeServer server(after_request([&goodbye](Peer& peer, const Request&) {
    peer.read_method({50, 50});
    // Had the goodbye been sent without waiting, it would be on the line by now.
    peer.close_channel({.code = 404, .text = "NOT_FOUND - no queue"});
    goodbye = peer.answer_close();
  }));

  expect_fault(fault_call(server.uri(), short_call()), 124, "timeout", "maybe");

  server.join();
  EXPECT_EQ(goodbye, Goodbye::abrupt);
}

TEST(LeavingFault, ABrokerThatDoesNotAnswerIsNotWaitedFor) {
  LastWords last;
  FakeServer server(after_request([&last](Peer& peer, const Request&) {
    last.hear(peer, {50, 50});  // queue.unbind
  }));

  expect_fault(fault_call(server.uri(), short_call()), 124, "timeout", "maybe");

  server.join();
  ASSERT_EQ(last.words().size(), 2U);
  EXPECT_EQ(last.words().back(), "close");
}

TEST(LeavingFault, ACallThatIsInterruptedHasItsReplyTurnedAwayFirst) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Abandoned server(1);
    Child child(miko_command(fault_words(server.uri(), {.options = {"-v"}})));
    child.read_stderr_until("confirm");

    child.send_signal(signal);
    const Outcome run = child.wait();

    EXPECT_EQ(run.signal, signal);
    EXPECT_EQ(run.error("/error/executed"), "maybe");
    const Words last = server.last_words();
    EXPECT_EQ(last, (Words{server.unbind(), "close"}));
  }
}

TEST(LeavingFault, ABatchThatNobodyReadsTurnsRepliesAwayAndSendsNothingMore) {
  FullPipe output;
  Abandoned server(2, [&output](Peer& peer, const std::vector<Request>& requests) {
    output.close_reader();
    peer.reply(requests.front(), hello_ann);
  });

  const Outcome run = miko({"call", "greeting", "hello", "--batch", "-j", "2", "-b", server.uri()},
                           {.input = Text{"[1]\n[2]\n[3]\n[4]\n"}, .output = File{output.path()}});

  EXPECT_EQ(run.signal, SIGPIPE) << run.exit_code;
  EXPECT_EQ(run.err, "");
  const Words last = server.last_words();
  EXPECT_EQ(last, (Words{server.unbind(), "close"}));
}

TEST(LeavingFault, RepliesAreTurnedAwayAlsoWhenTheBrokerHasClosedTheChannel) {
  Abandoned server(2, [](Peer& peer, const std::vector<Request>&) {
    close_main_channel(peer, 406, "PRECONDITION_FAILED - message size is larger than the limit");
  });

  const Outcome run = miko({"call", "greeting", "hello", "--batch", "-j", "2", "-b", server.uri()},
                           {.input = Text{"[1]\n[2]\n"}});

  EXPECT_EQ(run.exit_code, 1) << run.err;
  const Words last = server.last_words();
  EXPECT_EQ(last, (Words{server.unbind(2), "close"}));
}

TEST(LeavingFault, NothingIsSaidOnALineThatBrokeInTheMiddleOfARequest) {
  FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.ack(peer.read_request());
    peer.read_exactly(1'000'000);
    peer.reset();
  });
  const std::string large = "[\"" + std::string(20'000'000, 'x') + "\"]\n";

  const Outcome run = miko({"call", "greeting", "hello", "--batch", "-j", "2", "-b", server.uri()},
                           {.input = Text{"[1]\n" + large}});

  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_NE(run.out.find(R"("code":"connection_lost")"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(R"("executed":"maybe")"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(R"("executed":"no")"), std::string::npos) << run.out;
}

TEST(LeavingFault, AClientThatGoesSendsNothingOfWhatItHasOnlyStarted) {
  LastWords last;
  FakeServer server([&last](Peer& peer) {
    peer.log_in();
    last.hear(peer);
  });
  {
    Client client({.broker = server.uri()});
    client.log_in(Clock::now() + std::chrono::seconds(20));
    client.start("greeting", "hello", {}, [](const Reply&) {});
  }

  server.join();
  ASSERT_EQ(last.words().size(), 2U);
  EXPECT_EQ(last.words().front().find("unbind "), 0U);
  EXPECT_EQ(last.words().back(), "close");
}

TEST(LeavingFault, ATapGivesBackItsCopiesBeforeItGoes) {
  LastWords last;
  FakeServer server([&last](Peer& peer) {
    await_consumer(peer);
    last.hear(peer);
  });
  Child child(miko_command({"tap", "orders", "-b", server.uri()}));
  child.read_stderr_until("watching orders");

  child.send_signal(SIGINT);
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, SIGINT) << run.err;
  server.join();
  EXPECT_EQ(last.words(), (Words{"unbind * on 1", "unbind orders.* on 1", "close"}));
}

TEST(LeavingFault, AListenerUnbindsItsOwnQueueButNotADurableOne) {
  const std::pair<Words, Words> cases[] = {
      {{}, {"unbind # on 1", "close"}},
      {{"--durable", "audit"}, {"close"}},
  };
  for (const auto& [options, expected] : cases) {
    LastWords last;
    FakeServer server([&last](Peer& peer) {
      await_consumer(peer);
      last.hear(peer);
    });
    Words words = {"listen", "orders", "-b", server.uri()};
    words.insert(words.end(), options.begin(), options.end());
    Child child(miko_command(words));
    child.read_stderr_until("listening");

    child.send_signal(SIGTERM);
    static_cast<void>(child.wait());

    server.join();
    EXPECT_EQ(last.words(), expected);
  }
}

}  // namespace
}  // namespace miko::test
