#include "support/fake_server.h"

#include <gtest/gtest.h>

#include "support/process.h"

namespace miko::test {
namespace {

/// Sends `bytes` (with Python's escapes) to the server at once and prints all it answers.
Outcome talk(const FakeServer& server, const std::string& bytes) {
  const std::string program =
      "import socket, sys\n"
      "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
      "s.sendall(bytes.fromhex(sys.argv[2]))\n"
      "s.shutdown(socket.SHUT_WR)\n"
      "sys.stdout.buffer.write(s.makefile('rb').read())\n";
  std::string hex;
  for (const char c : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[static_cast<unsigned char>(c) >> 4U];
    hex += digits[static_cast<unsigned char>(c) & 15U];
  }
  return run({.argv = {"python3", "-c", program, std::to_string(server.port()), hex}});
}

/// What a client sends that waits for nothing: login, channel, confirms, queue and one request.
std::string whole_flight() {
  Bytes start_ok;
  start_ok.table(Bytes().field_text("product", "miko")).short_string("PLAIN");
  start_ok.long_string(std::string_view("\0guest\0guest", 12)).short_string("en_US");
  const Properties properties = {
      .content_type = "application/json",
      .raw_headers = Bytes().field_text("nameko.language", "en"),
      .correlation_id = "id-1",
      .reply_to = "key-1",
  };
  const std::string body = R"({"args": [], "kwargs": {}})";
  Bytes header;
  header.u16(60).u16(0).u64(body.size()).raw(encode(properties));
  Bytes publish;
  publish.u16(0).short_string("nameko-rpc").short_string("greeting.hello").u8(1);
  return std::string("AMQP\0\0\x09\x01", 8) + method_frame(0, {10, 11}, start_ok) +
         method_frame(0, {10, 31}, Bytes().u16(1).u32(131072).u16(10)) +
         method_frame(0, {10, 40}, Bytes().short_string("/").u16(0)) +
         method_frame(1, {20, 10}, Bytes().short_string("")) +
         method_frame(1, {85, 10}, Bytes().u8(0)) +
         method_frame(1, {50, 10}, Bytes().u16(0).short_string("").u8(12).table()) +
         method_frame(1, {60, 40}, publish) + frame(FrameType::header, 1, header.str()) +
         frame(FrameType::body, 1, body) +
         method_frame(0, {10, 50}, Bytes().u16(200).short_string("").u16(0).u16(0));
}

TEST(FakeServer, AnswersAClientThatWaitsForNothing) {
  Request seen;
  Login login;
  Goodbye goodbye = Goodbye::abrupt;
  FakeServer server([&](Peer& peer) {
    login = peer.log_in();
    seen = peer.read_request();
    peer.reply(seen, R"({"result": 1, "error": null})", {.frame_size = 10});
    goodbye = peer.answer_close();
  });

  const Outcome client = talk(server, whole_flight());
  server.join();

  EXPECT_EQ(login.client_properties, R"({"product":"miko"})");
  EXPECT_EQ(login.heartbeat_seconds, 10U);
  EXPECT_EQ(seen.routing_key, "greeting.hello");
  EXPECT_TRUE(seen.mandatory);
  EXPECT_EQ(seen.properties.headers, R"({"nameko.language":"en"})");
  EXPECT_EQ(seen.properties.correlation_id, "id-1");
  EXPECT_EQ(seen.properties.expiration, std::nullopt);
  EXPECT_EQ(seen.body, R"({"args": [], "kwargs": {}})");
  EXPECT_EQ(goodbye, Goodbye::polite);
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_NE(client.out.find("amq.gen-fake"), std::string::npos);
  EXPECT_NE(client.out.find(R"({"result":)"), std::string::npos);
}

TEST(FakeServer, EndsWithASilentScript) {
  const FakeServer server([](Peer& peer) { peer.freeze(); });

  Child client({.argv = {"python3", "-c",
                         "import socket, sys\n"
                         "s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
                         "print('connected', flush=True)\n"
                         "s.recv(1)\n",
                         std::to_string(server.port())}});
  client.read_stdout_until("connected");
}

TEST(FakeServer, EndsWhenNobodyComes) {
  const FakeServer server([](Peer& peer) { peer.log_in(); });

  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace miko::test
