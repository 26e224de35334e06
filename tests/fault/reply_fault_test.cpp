// Rows 57 to 67 of the fault matrix: what can be in a reply.

#include "fault/fault_call.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;

Outcome call_for(const std::string& body, FaultCall call = {}, ReplyOptions options = {}) {
  const FakeServer server(answering(body, std::move(options)));
  return fault_call(server.uri(), std::move(call));
}

std::string result(const std::string& json) {
  return R"({"result": )" + json + R"(, "error": null})";
}

std::string printed(const std::string& json) {
  const Outcome run = call_for(result(json));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  return run.out;
}

TEST(ReplyFault, Row57_ReplyComesTwice) {
  const FakeServer server(after_request([](Peer& peer, const Request& request) {
    peer.send_raw(peer.reply_frames(request, result("1")) +
                  peer.reply_frames(request, result("2")));
    peer.answer_close();
  }));

  const Outcome run = fault_call(server.uri());

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "1\n");
}

TEST(ReplyFault, Row58_ReplyIsForAnotherCall) {
  for (const char* id : {"00000000-0000-4000-8000-000000000000", ""}) {
    const Outcome run =
        call_for(result("1"), {.timeout = milliseconds(300)}, {.correlation_id = id});

    expect_fault(run, 124, "timeout", "maybe");
  }
}

TEST(ReplyFault, Row59_ReplyIsNotJson) {
  const Outcome run = call_for("<html>\x1b[31m\xff");

  expect_fault(run, 8, "bad_reply", "yes");
  expect_message(run, "<html>\\x1b[31m\\xff");
}

TEST(ReplyFault, Row60_ReplyIsOfAnotherTypeOrEncoding) {
  expect_fault(call_for("x", {}, {.content_type = "application/x-python-serialize"}), 8,
               "bad_reply", "yes");
  expect_fault(call_for(std::string(hello_ann), {}, {.content_type = "text/plain\x1b[31m"}), 8,
               "bad_reply", "yes");
  expect_fault(call_for(std::string(hello_ann), {}, {.content_encoding = "gzip"}), 8, "bad_reply",
               "yes");
  expect_fault(call_for(std::string(hello_ann), {}, {.content_encoding = "utf-16"}), 8, "bad_reply",
               "yes");
}

TEST(ReplyFault, Row61_ReplyIsIncomplete) {
  for (const char* body : {"", " ", "{}", "[]", "null", "1", "\"result\"", R"({"error": null})",
                           R"({"result": 1, "error": "text"})", R"({"result": 1, "error": [1]})"}) {
    SCOPED_TRACE(body);
    expect_fault(call_for(body), 8, "bad_reply", "yes");
  }
}

TEST(ReplyFault, Row62_NumbersThatJsonDoesNotHave) {
  EXPECT_EQ(printed("[NaN, Infinity, -Infinity]"), "[NaN,Infinity,-Infinity]\n");
}

TEST(ReplyFault, Row63_DigitsAreKept) {
  const std::string large = "1" + std::string(400, '0');

  EXPECT_EQ(printed("[" + large + ", 1.10, 1e400, -0, 1E+2]"),
            "[" + large + ",1.10,1e400,-0,1E+2]\n");
}

TEST(ReplyFault, Row64_LoneSurrogatesStayEscaped) {
  EXPECT_EQ(printed(R"("\ud800 \udc00\ud800")"), R"("\ud800 \udc00\ud800")"
                                                 "\n");

  const Outcome raw = call_for(result(R"("a\ud800b")"), {.options = {"-o", "raw"}});
  EXPECT_EQ(raw.exit_code, 0) << raw.err;
  EXPECT_EQ(raw.out.find("\xed\xa0\x80"), std::string::npos);
}

TEST(ReplyFault, Row65_ReplyIsNotUtf8) {
  for (const std::string& bytes : {std::string("\xff"), std::string("\xc0\x80"),
                                   std::string("\xed\xa0\x80"), std::string("\xe2\x82")}) {
    expect_fault(call_for(result("\"" + bytes + "\"")), 8, "bad_reply", "yes");
  }
}

TEST(ReplyFault, Row65_NulNeverCutsAText) {
  EXPECT_EQ(printed(R"("a\u0000b")"), R"("a\u0000b")"
                                      "\n");

  // A NUL that is not escaped is either refused or printed whole, but never the end.
  const Outcome run = call_for(result("\"a" + std::string(1, '\0') + "b\""));
  if (run.exit_code == 0) {
    EXPECT_EQ(run.out, R"("a\u0000b")"
                       "\n");
  } else {
    expect_fault(run, 8, "bad_reply", "yes");
  }
}

TEST(ReplyFault, Row66_ReplyIsNestedWithoutEnd) {
  const std::string arrays = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  std::string objects;
  for (int depth = 0; depth < 200'000; ++depth) {
    objects += "{\"a\":";
  }

  expect_fault(call_for(result(arrays)), 8, "bad_reply", "yes");
  expect_fault(call_for(result(std::string(1'000'000, '['))), 8, "bad_reply", "yes");
  expect_fault(call_for(objects), 8, "bad_reply", "yes");
}

TEST(ReplyFault, Row67_TheLastOfTwoKeysWins) {
  const Outcome good = call_for(R"({"error": {"exc_type": "A"}, "result": 1, "error": null})");
  const Outcome bad = call_for(R"({"error": null, "result": 1, "error": {"exc_type": "Boom"}})");

  EXPECT_EQ(good.exit_code, 0) << good.err;
  EXPECT_EQ(good.out, "1\n");
  expect_fault(bad, 1, "remote_error", "yes");
}

TEST(ReplyFault, AReplyCountsAlthoughTheBrokerClosesRightBehindIt) {
  const FakeServer server(after_request([](Peer& peer, const Request& request) {
    // One write, so that one read brings both.
    peer.send_raw(peer.reply_frames(request, hello_ann) +
                  method_frame(0, {10, 50},
                               Bytes().u16(320).short_string("CONNECTION_FORCED").u16(0).u16(0)));
    peer.answer_close();
  }));

  const Outcome run = fault_call(server.uri());

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

}  // namespace
}  // namespace miko::test
