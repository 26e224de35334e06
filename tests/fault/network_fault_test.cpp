// Rows 1 to 17 of the fault matrix: what the network between miko and a broker can do.

#include "fault/black_hole.h"
#include "fault/fault_call.h"
#include "support/preload.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;

std::string closed_port_uri(const std::string& host = "127.0.0.1") {
  return "amqp://" + host + ":" + std::to_string(unused_port()) + "/";
}

TEST(NetworkFault, Row01_NameDoesNotResolve) {
  const Outcome run = fault_call("amqp://no-such-host.invalid/", {.timeout = milliseconds(2000)});

  expect_fault(run, 6, "unreachable", "no");
  expect_message(run, "no-such-host.invalid");
}

TEST(NetworkFault, Row02_ResolverHangs) {
  const FaultCall call = {.timeout = milliseconds(300),
                          .how = {.environment = with_hanging_resolver()}};

  const Outcome run = fault_call("amqp://rabbit.example.com/", call);

  EXPECT_NE(run.err.find("getaddrinfo hangs: rabbit.example.com"), std::string::npos) << run.err;
  expect_fault(run, 6, "unreachable", "no");
  expect_message(run, "resolving rabbit.example.com timed out");
}

TEST(NetworkFault, Row03_PortIsClosed) {
  const std::string uri = closed_port_uri();

  const Outcome run = fault_call(uri);

  expect_fault(run, 6, "unreachable", "no");
  expect_message(run, "connection refused");
  expect_message(run, uri.substr(7, uri.size() - 8));
}

TEST(NetworkFault, Row04_AddressIsABlackHole) {
  const BlackHole hole;

  const Outcome run = fault_call(hole.uri(), {.timeout = milliseconds(300)});

  expect_fault(run, 6, "unreachable", "no");
  expect_message(run, "connect timed out");
}

TEST(NetworkFault, Row05_FirstOfTwoAddressesIsABlackHole) {
  const FakeServer server(answering(std::string(hello_ann)));
  const BlackHole hole("127.0.0.2", server.port());
  const FaultCall call = {.timeout = milliseconds(3000),
                          .how = {.environment = with_resolver_that_says("127.0.0.2,127.0.0.1")}};

  const Outcome run =
      fault_call("amqp://ann:pw@rabbit.example.com:" + std::to_string(server.port()), call);

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST(NetworkFault, Row05_ResolverHangsForTheFirstOfTwoBrokers) {
  const FakeServer server(answering(std::string(hello_ann)));
  const FaultCall call = {.timeout = milliseconds(3000),
                          .how = {.environment = with_hanging_resolver()}};

  const Outcome run = fault_call("amqp://rabbit.example.com/;" + server.uri(), call);

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST(NetworkFault, Row05_FirstOfTwoBrokersIsSilentDuringTheTlsHandshake) {
  const FakeServer silent([](Peer& peer) { peer.stay_silent(); });
  const FakeServer server(answering(std::string(hello_ann)));
  const std::string first = "amqps://127.0.0.1:" + std::to_string(silent.port()) + "/";

  const Outcome run = fault_call(first + ";" + server.uri(), {.timeout = milliseconds(3000)});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST(NetworkFault, Row05_FirstOfTwoBrokersIsABlackHole) {
  const BlackHole hole;
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run = fault_call(hole.uri() + ";" + server.uri(), {.timeout = milliseconds(3000)});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST(NetworkFault, Row06_FirstOfTwoBrokersRefuses) {
  const FakeServer server(answering(std::string(hello_ann)));

  for (const std::string& first : {closed_port_uri("[::1]"), closed_port_uri()}) {
    const Outcome run = fault_call(first + ";" + server.uri());

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
  }
}

TEST(NetworkFault, Row06_FirstOfTwoAddressesRefuses) {
  const FakeServer server(answering(std::string(hello_ann)));
  for (const char* addresses : {"::1,127.0.0.1", "127.0.0.2,127.0.0.1"}) {
    SCOPED_TRACE(addresses);
    const Outcome run =
        fault_call("amqp://ann:pw@rabbit.example.com:" + std::to_string(server.port()),
                   {.how = {.environment = with_resolver_that_says(addresses)}});

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
  }
}

TEST(NetworkFault, Row07_AcceptsAndNeverAnswers) {
  const FakeServer server([](Peer& peer) { peer.stay_silent(); });

  const Outcome run = fault_call(server.uri(), {.timeout = milliseconds(300)});

  expect_fault(run, 6, "unreachable", "maybe");
  expect_message(run, "no AMQP greeting");
}

TEST(NetworkFault, Row07_AcceptsAndNeverAnswersACarefulClient) {
  const FakeServer server([](Peer& peer) {
    peer.read_protocol_header();
    peer.stay_silent();
  });

  const Outcome run =
      fault_call(server.uri(), {.options = {"--careful"}, .timeout = milliseconds(300)});

  expect_fault(run, 6, "unreachable", "no");
}

TEST(NetworkFault, Row07_FirstOfTwoBrokersAcceptsAndNeverAnswers) {
  const FakeServer hanging([](Peer& peer) {
    peer.read_protocol_header();
    // What a broker that hangs now may still do later must not reach it.
    EXPECT_THROW(peer.read_frame(), ClientLeft);
  });
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run =
      fault_call(hanging.uri() + ";" + server.uri(), {.timeout = milliseconds(2000)});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST(NetworkFault, Row07_FirstOfTwoBrokersNeverAnswersTheLogin) {
  const FakeServer hanging([](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start();
    peer.read_start_ok();
    EXPECT_THROW(peer.read_frame(), ClientLeft);
  });
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run =
      fault_call(hanging.uri() + ";" + server.uri(), {.timeout = milliseconds(2000)});

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
}

TEST(NetworkFault, Row07_BothOfTwoBrokersAcceptAndNeverAnswer) {
  const FakeServer server([](Peer& peer) { peer.stay_silent(); });

  const Outcome run = fault_call(server.uri() + ";" + server.uri(), {.timeout = milliseconds(600)});

  // The last one has no other behind it, so it is given everything at once.
  expect_fault(run, 6, "unreachable", "maybe");
  expect_message(run, "no AMQP greeting");
}

TEST(NetworkFault, Row10_FirstOfTwoBrokersBreaksOffTheLogin) {
  const FakeServer breaking([](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start();
    peer.read_start_ok();
    peer.close();
  });
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run = fault_call(breaking.uri() + ";" + server.uri());

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(NetworkFault, Row11_ResetByTheFirstOfTwoBrokersIsNotSentToTheSecond) {
  const FakeServer breaking(after_request([](Peer& peer, const Request&) { peer.reset(); }));
  const FakeServer server(answering(std::string(hello_ann)));

  expect_fault(fault_call(breaking.uri() + ";" + server.uri()), 9, "connection_lost", "maybe");
  EXPECT_EQ(breaking.requests().size(), 1U);
  EXPECT_EQ(server.connections(), 0);
}

TEST(NetworkFault, Row08_IsAnSshServer) {
  const FakeServer server([](Peer& peer) {
    peer.send_raw("SSH-2.0-OpenSSH_9.2\x1b]0;owned\x07\r\n");
    peer.finish();
  });

  const Outcome run = fault_call(server.uri(), {.how = {.errors = Terminal{}}});

  EXPECT_EQ(run.exit_code, 6);
  EXPECT_NE(run.err.find("not an AMQP server"), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("\x1b]"), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find('\x07'), std::string::npos) << run.err;
}

TEST(NetworkFault, Row08_SpeaksAnotherAmqp) {
  const FakeServer server([](Peer& peer) {
    peer.send_raw(std::string_view("AMQP\x00\x01\x00\x00", 8));
    peer.finish();
  });

  const Outcome run = fault_call(server.uri());

  expect_fault(run, 6, "unreachable", "no");
  expect_message(run, "does not speak AMQP 0-9-1");
}

TEST(NetworkFault, Row09_HalfAGreetingAndThenNothing) {
  const FakeServer server([](Peer& peer) {
    peer.send_raw(std::string_view("\x01\0\0\0\0\x01", 6));
    peer.stay_silent();
  });

  expect_fault(fault_call(server.uri(), {.timeout = milliseconds(300)}), 6, "unreachable", "maybe");
}

TEST(NetworkFault, Row09_GreetingThatDripsPastTheDeadline) {
  const FakeServer server([](Peer& peer) {
    const std::string greeting(60000, 'x');
    peer.send_raw(std::string_view("\x01\0\0\0\0\xff\xff", 7));
    peer.drip(greeting, 1, milliseconds(20));
  });

  expect_fault(fault_call(server.uri(), {.timeout = milliseconds(300)}), 6, "unreachable", "maybe");
}

TEST(NetworkFault, Row10_ClosesAtOnce) {
  const FakeServer server([](Peer& peer) { peer.close(); });

  const Outcome run = fault_call(server.uri());
  const Outcome careful = fault_call(server.uri(), {.options = {"--careful"}});

  // Whether the request had left when the line broke is a matter of luck; cut_test.cpp has both.
  EXPECT_EQ(run.exit_code, 6) << run.err;
  EXPECT_NE(run.error("/error/executed"), "yes");
  expect_fault(careful, 6, "unreachable", "no");
}

TEST(NetworkFault, Row11_ResetAfterTheRequestIsNotSentAgain) {
  const FakeServer server(after_request([](Peer& peer, const Request&) { peer.reset(); }));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(NetworkFault, Row12_ClosesInTheMiddleOfTheBody) {
  const FakeServer server(after_request([](Peer& peer, const Request& request) {
    const std::string frames =
        peer.reply_frames(request, R"({"result": ")" + std::string(100'000, 'x'));
    peer.send_raw(frames.substr(0, frames.size() / 2));
    peer.close();
  }));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(NetworkFault, Row13_StallsInTheMiddleOfTheBody) {
  const FakeServer server(after_request([](Peer& peer, const Request& request) {
    const std::string frames =
        peer.reply_frames(request, std::string(200'000, ' '), {.body_size = 300'000});
    peer.send_raw(frames);
    peer.stay_silent();
  }));

  expect_fault(fault_call(server.uri(), {.timeout = milliseconds(500)}), 124, "timeout", "maybe");
}

TEST(NetworkFault, Row14_DripsAndFinishesInTime) {
  const FakeServer server(after_request([](Peer& peer, const Request& request) {
    peer.drip(peer.reply_frames(request, hello_ann), 1, milliseconds(1));
    peer.answer_close();
  }));

  const Outcome run = fault_call(server.uri());

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST(NetworkFault, Row15_DripsPastTheDeadline) {
  const FakeServer server(after_request([](Peer& peer, const Request& request) {
    const std::string frames =
        peer.reply_frames(request, hello_ann, {.body_size = 100'000, .frame_size = 1});
    peer.drip(frames, 1, milliseconds(5));
    peer.stay_silent();
  }));

  expect_fault(fault_call(server.uri(), {.timeout = milliseconds(500)}), 124, "timeout", "maybe");
}

TEST(NetworkFault, Row16_HeartbeatsAndNothingElse) {
  const FakeServer server(after_request([](Peer& peer, const Request&) {
    while (true) {
      peer.heartbeat();
      peer.pause(milliseconds(10));
    }
  }));

  expect_fault(fault_call(server.uri(), {.timeout = milliseconds(400)}), 124, "timeout", "maybe");
}

TEST(NetworkFault, Row16_AFloodOfHeartbeatsTakesNoMemory) {
  const std::string heartbeat = frame(FrameType::heartbeat, 0, "");
  std::string many;
  while (many.size() < 65536) {
    many += heartbeat;
  }
  const FakeServer server(after_request([&many](Peer& peer, const Request&) {
    while (true) {
      peer.send_raw(many);
    }
  }));

  const Outcome run = fault_call(server.uri(), {.timeout = milliseconds(400)});

  expect_fault(run, 124, "timeout", "maybe");
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(run.memory_peak_kib, 64 * 1024);
#endif
}

TEST(NetworkFault, Row16_AFloodOfForeignRepliesTakesNoMemory) {
  const FakeServer server(after_request([](Peer& peer, const Request& request) {
    const std::string foreign =
        peer.reply_frames(request, std::string(60'000, ' '), {.correlation_id = "somebody else's"});
    while (true) {
      peer.send_raw(foreign);
    }
  }));

  const Outcome run = fault_call(server.uri(), {.timeout = milliseconds(400)});

  expect_fault(run, 124, "timeout", "maybe");
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(run.memory_peak_kib, 64 * 1024);
#endif
}

TEST(NetworkFault, Row17_StopsReadingInTheMiddleOfALargeRequest) {
  // More than the sockets between them hold.
  const TemporaryDirectory directory;
  const std::string file =
      directory.write_file("args.json", "[\"" + std::string(20'000'000, 'x') + "\"]");
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.freeze();
  });

  const Outcome run =
      fault_call(server.uri(), {.options = {"--args", "@" + file}, .timeout = milliseconds(5000)});

  expect_fault(run, 6, "unreachable", "no");
  EXPECT_TRUE(server.requests().empty());
}

TEST(NetworkFault, Row09_SaysThatItIsHalfAGreeting) {
  const FakeServer server([](Peer& peer) {
    peer.send_raw(std::string_view("\x01\0\0\0\0\x01", 6));
    peer.stay_silent();
  });
  expect_message(fault_call(server.uri(), {.timeout = milliseconds(300)}), "half a greeting");
}

}  // namespace
}  // namespace miko::test
