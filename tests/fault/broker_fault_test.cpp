// Rows 19 to 41 of the fault matrix: what a broker can do, as far as a script can play it.

#include "fault/fault_call.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;

/// A broker that answers the login with connection.close.
FakeServer::Script refusing_login(CloseReason reason) {
  return [reason = std::move(reason)](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start();
    peer.read_start_ok();
    peer.close_connection(reason);
  };
}

/// A broker that closes the channel in answer to the request.
FakeServer::Script refusing_channel(CloseReason reason) {
  return [reason = std::move(reason)](Peer& peer) {
    peer.log_in();
    peer.read_request();
    peer.close_channel(reason);
    peer.answer_close();
  };
}

/// A broker that sends `bytes` instead of a reply.
FakeServer::Script replying_raw(std::string bytes) {
  return after_request([bytes = std::move(bytes)](Peer& peer, const Request&) {
    peer.send_raw(bytes);
    peer.stay_silent();
  });
}

/// Answers until the client asks for the queue of greeting, and refuses that, as RabbitMQ does
/// since 4.2.6 to users without a permission on it.
void hide_the_queue(Peer& peer) {
  constexpr MethodId declare = {50, 10};
  peer.log_in();
  Frame frame = peer.read_frame();
  while (frame.method() != declare || frame.payload.find("rpc-greeting") == std::string::npos) {
    peer.answer(frame);
    frame = peer.read_frame();
  }
  peer.send_method(frame.channel, {20, 40},
                   Bytes()
                       .u16(403)
                       .short_string("ACCESS_REFUSED - configure access to queue refused")
                       .u16(declare.class_id)
                       .u16(declare.method_id));
}

std::string uri_with_password(const FakeServer& server) {
  return "amqp://ann:m4rker-Secret@127.0.0.1:" + std::to_string(server.port()) + "/";
}

TEST(BrokerFault, Row19_PasswordIsWrong) {
  const FakeServer server(refusing_login(
      {.code = 403, .text = "ACCESS_REFUSED - Login was refused using PLAIN", .method = {10, 11}}));

  const Outcome run = fault_call(uri_with_password(server), {.options = {"-v"}});

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "login refused for user 'ann'");
}

TEST(BrokerFault, Row20_OldBrokerJustClosesAfterABadLogin) {
  const FakeServer server([](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start();
    peer.read_start_ok();
    peer.close();
  });

  const Outcome run = fault_call(uri_with_password(server), {.options = {"--careful"}});

  expect_fault(run, 6, "unreachable", "no");
  EXPECT_NE(run.error("/error/hint").find("password"), std::string::npos) << run.err;
}

TEST(BrokerFault, Row21_VhostIsMissing) {
  const FakeServer server([](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start();
    peer.read_start_ok();
    peer.send_tune();
    peer.read_tune_ok();
    peer.read_open();
    peer.close_connection(
        {.code = 530, .text = "NOT_ALLOWED - vhost /x not found", .method = {10, 40}});
  });

  const Outcome run = fault_call(server.uri());

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "530 NOT_ALLOWED - vhost /x not found");
}

TEST(BrokerFault, Row22_NoRightToDeclareTheReplyQueue) {
  const FakeServer server(refusing_channel(
      {.code = 403, .text = "ACCESS_REFUSED - access to queue", .method = {50, 10}}));

  const Outcome run = fault_call(server.uri());

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "access to queue");
}

TEST(BrokerFault, Row23_NoRightToPublish) {
  const FakeServer server(refusing_channel(
      {.code = 403, .text = "ACCESS_REFUSED - access to exchange", .method = {60, 40}}));

  expect_fault(fault_call(server.uri()), 7, "denied", "no");
}

TEST(BrokerFault, Row24_ExchangeIsMissing) {
  const FakeServer server(refusing_channel(
      {.code = 404, .text = "NOT_FOUND - no exchange 'nameko-rpc'", .method = {50, 20}}));

  const Outcome run = fault_call(server.uri());

  expect_fault(run, 4, "unknown_service", "no");
  EXPECT_NE(run.error("/error/hint").find("ever run here"), std::string::npos) << run.err;
}

TEST(BrokerFault, Row26_ServiceHasAQueueButNoInstance) {
  const FakeServer server(after_request([](Peer& peer, const Request&) { peer.stay_silent(); }));

  const Outcome run = fault_call(server.uri(), {.timeout = milliseconds(300)});

  expect_fault(run, 124, "timeout", "maybe");
  EXPECT_NE(run.error("/error/hint").find("the broker has the request"), std::string::npos);
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_TRUE(server.requests()[0].properties.expiration.has_value());
}

TEST(BrokerFault, Row27_BrokerIsBlocked) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.read_request();
    peer.blocked("low on memory\x1b[2J");
    peer.stay_silent();
  });

  const Outcome run = fault_call(server.uri(), {.options = {"-v"}, .timeout = milliseconds(400)});

  expect_fault(run, 124, "timeout", "maybe");
  expect_message(run, "low on memory");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(BrokerFault, Row28_BrokerDiesWhileMikoWaits) {
  const FakeServer server(after_request([](Peer& peer, const Request&) { peer.close(); }));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
  EXPECT_EQ(server.connections(), 1);
}

TEST(BrokerFault, Row29_BrokerIsShutDownPolitely) {
  const FakeServer server(
      after_request([](Peer& peer, const Request&) { peer.close_connection(); }));

  const Outcome run = fault_call(server.uri());

  expect_fault(run, 9, "connection_lost", "maybe");
  expect_message(run, "320 CONNECTION_FORCED");
}

TEST(BrokerFault, Row30_ReplyQueueIsDeleted) {
  const FakeServer server(after_request([](Peer& peer, const Request&) {
    peer.cancel();
    peer.stay_silent();
  }));

  const Outcome run = fault_call(server.uri());

  expect_fault(run, 9, "connection_lost", "maybe");
  expect_message(run, "cancelled the consumer of ");
}

TEST(BrokerFault, Row33_ConnectionLimitIsReached) {
  const FakeServer server(refusing_login(
      {.code = 530, .text = "NOT_ALLOWED - connection limit (1) is reached", .method = {10, 40}}));

  const Outcome run = fault_call(server.uri());

  // RabbitMQ uses the code of a refusal for it.
  expect_fault(run, 7, "denied", "no");
  expect_message(run, "connection limit (1) is reached");
}

TEST(BrokerFault, Row34_MechanismIsNotOffered) {
  const FakeServer server([](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start({.mechanisms = "EXTERNAL \x1b[31mRABBIT-CR-DEMO"});
    peer.finish();
  });

  const Outcome run = fault_call(server.uri(), {.options = {"--careful"}});

  expect_fault(run, 6, "unreachable", "no");
  expect_message(run, "does not offer the login method PLAIN");
}

TEST(BrokerFault, Row35_FrameOverTheLimitInsteadOfTheGreeting) {
  const FakeServer server([](Peer& peer) {
    peer.send_raw(std::string_view("\x01\0\0\x7f\xff\xff\xff", 7));
    peer.finish();
  });

  EXPECT_EQ(fault_call(server.uri()).exit_code, 6);
  expect_fault(fault_call(server.uri(), {.options = {"--careful"}}), 6, "unreachable", "no");
}

TEST(BrokerFault, Row35_FrameOverTheLimitInsteadOfTheReply) {
  const FakeServer server(replying_raw(frame(FrameType::body, 1, std::string(200'000, 'x'))));
  const FakeServer endless(replying_raw(std::string("\x03\0\x01\xff\xff\xff\xff", 7)));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
  expect_fault(fault_call(endless.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row35_FrameWithoutItsEndMark) {
  std::string bytes = frame(FrameType::heartbeat, 0, "");
  bytes.back() = '\0';
  const FakeServer server(replying_raw(bytes));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row36_ContentOfAnotherClass) {
  const FakeServer server(answering(std::string(hello_ann), {.content_class = 90}));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row36_PropertiesThatAreCutOff) {
  for (const std::string_view properties :
       {std::string_view("\xff\xff", 2), std::string_view("\xff\xfe\xff", 3),
        std::string_view("\x20\x00\xff\xff\xff\xff", 6), std::string_view("\x00\x01\x00\x01", 4)}) {
    const FakeServer server(after_request([properties](Peer& peer, const Request& request) {
      const std::string whole = peer.reply_frames(request, "");
      const std::size_t deliver_end = whole.find('\xCE') + 1;
      peer.send_raw(whole.substr(0, deliver_end));
      peer.send_header(request.channel, 60, 2, properties);
      peer.stay_silent();
    }));

    expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
  }
}

TEST(BrokerFault, Row37_HeadersNestedWithoutEnd) {
  Bytes nested;
  for (int depth = 0; depth < 10'000; ++depth) {
    nested = Bytes().field_table("t", nested);
  }
  const FakeServer server(answering(std::string(hello_ann), {.raw_headers = nested}));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row37_HeadersNestedALittleDoNotMatter) {
  Bytes nested;
  for (int depth = 0; depth < 20; ++depth) {
    nested = Bytes().field_table("t", nested);
  }
  const FakeServer server(answering(std::string(hello_ann), {.raw_headers = nested}));

  const Outcome run = fault_call(server.uri());

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST(BrokerFault, Row38_AnnouncedSizeIsAbsurd) {
  for (const std::uint64_t size :
       {std::uint64_t{1} << 31, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const FakeServer server(answering(std::string(hello_ann), {.body_size = size}));

    const Outcome run = fault_call(server.uri());

    expect_fault(run, 8, "bad_reply", "yes");
    expect_message(run, "over the limit");
#ifndef __SANITIZE_ADDRESS__
    EXPECT_LT(run.memory_peak_kib, 64 * 1024);
#endif
  }
}

TEST(BrokerFault, Row39_BodyIsLongerThanAnnounced) {
  const FakeServer server(answering(std::string(hello_ann), {.body_size = 7}));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row39_EmptyBodyFramesWithoutEnd) {
  const FakeServer server(after_request([](Peer& peer, const Request& request) {
    peer.send_raw(peer.reply_frames(request, "", {.body_size = 7}));
    while (true) {
      peer.send_body(request.channel, "");
    }
  }));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row39_BodyWithoutAHeaderAndHeaderWithoutAMethod) {
  const FakeServer body(replying_raw(frame(FrameType::body, 1, "{}")));
  const FakeServer header(after_request([](Peer& peer, const Request& request) {
    peer.send_header(request.channel, 60, 2, std::string_view("\0\0", 2));
    peer.stay_silent();
  }));
  const FakeServer twice(after_request([](Peer& peer, const Request& request) {
    const std::string frames = peer.reply_frames(request, "");
    const std::string deliver = frames.substr(0, frames.find('\xCE') + 1);
    peer.send_raw(deliver + deliver);
    peer.stay_silent();
  }));

  expect_fault(fault_call(body.uri()), 9, "connection_lost", "maybe");
  expect_fault(fault_call(header.uri()), 9, "connection_lost", "maybe");
  expect_fault(fault_call(twice.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row40_FramesOnAStrangeChannel) {
  const FakeServer server(answering(std::string(hello_ann), {.channel = 40'000}));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row40_FramesOfAnUnknownType) {
  const FakeServer server(replying_raw(std::string("\x05\0\0\0\0\0\0\xCE", 8)));

  expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(BrokerFault, Row41_UnknownMethods) {
  for (const MethodId method : {MethodId{10, 99}, MethodId{0xffff, 0xffff}, MethodId{60, 40}}) {
    const FakeServer server(replying_raw(method_frame(1, method)));

    expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
  }
}

TEST(BrokerFault, Row41_MethodsThatAreCutOff) {
  for (const std::string& payload :
       {std::string(), std::string(3, '\0'), std::string("\0\x3c\0\x3c", 4),
        std::string("\0\x0a\0\x32\x01", 5)}) {
    const FakeServer server(replying_raw(frame(FrameType::method, 1, payload)));

    expect_fault(fault_call(server.uri()), 9, "connection_lost", "maybe");
  }
}

TEST(BrokerFault, AQueueThatIsHiddenDoesNotKeepAPingFromItsService) {
  const FakeServer server([](Peer& peer) {
    hide_the_queue(peer);
    peer.reply(peer.read_request(),
               R"({"result": null, "error": {"exc_type": "MethodNotFound", "exc_path": )"
               R"("nameko.exceptions.MethodNotFound", "exc_args": ["x"], "value": "x"}})");
    peer.answer_close();
  });

  const Outcome run = miko({"ping", "greeting", "-n", "1", "-b", server.uri()});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find(R"("received":1,"loss_percent":0,"instances":null,"ready_max":null,)"),
            std::string::npos)
      << run.out;
}

TEST(BrokerFault, WhoNeedsAQueueThatIsHiddenIsToldTheLeastPermission) {
  for (const std::string command : {"services", "wait", "tap"}) {
    const FakeServer server([](Peer& peer) {
      hide_the_queue(peer);
      peer.answer_close();
    });

    const Outcome run = miko({command, "greeting", "-b", server.uri(), "--timeout", "10s"});

    expect_fault(run, 7, "denied", "no");
    EXPECT_NE(run.error("/error/hint").find("write on 'rpc-greeting' is the least"),
              std::string::npos)
        << run.err;
  }
}

}  // namespace
}  // namespace miko::test
