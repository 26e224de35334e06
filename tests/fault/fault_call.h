#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/fake_server.h"
#include "support/miko_program.h"

namespace miko::test {

/// What a command may take longer than its --timeout: plenty, for a busy machine. A hang is longer.
inline constexpr std::chrono::seconds overshoot_max(5);

struct FaultCall {
  std::vector<std::string> options = {};
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  MikoOptions how = {};
};

inline std::vector<std::string> fault_words(const std::string& uri, const FaultCall& call) {
  std::vector<std::string> words = {"call",
                                    "greeting",
                                    "hello",
                                    "--broker",
                                    uri,
                                    "--timeout",
                                    std::to_string(call.timeout.count()) + "ms"};
  words.insert(words.end(), call.options.begin(), call.options.end());
  return words;
}

/// Calls greeting.hello at `uri`; taking far longer than its timeout fails the test.
inline Outcome fault_call(const std::string& uri, FaultCall call = {}) {
  Outcome run = miko(fault_words(uri, call), std::move(call.how));
  EXPECT_LT(run.duration, call.timeout + overshoot_max) << run.err;
  return run;
}

/// What every failure must look like; nothing on stdout, no password, no control characters.
inline void expect_fault(const Outcome& run, int exit_code, std::string_view code,
                         std::string_view executed) {
  EXPECT_EQ(run.exit_code, exit_code) << run.err;
  EXPECT_EQ(run.error("/error/code"), code) << run.err;
  EXPECT_EQ(run.error("/error/executed"), executed) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.err.find('\x1b'), std::string::npos) << run.err;
}

inline void expect_message(const Outcome& run, std::string_view part) {
  EXPECT_NE(run.error("/error/message").find(part), std::string::npos) << run.err;
}

/// A broker that logs in, confirms the request and hands it to `then`.
template <class Then>
FakeServer::Script after_request(Then then) {
  return [then](Peer& peer) {
    peer.log_in();
    const Request request = peer.read_request();
    peer.ack(request);
    then(peer, request);
  };
}

/// A broker that answers the request with `body`.
inline FakeServer::Script answering(std::string body, ReplyOptions options = {}) {
  return after_request([body = std::move(body), options](Peer& peer, const Request& request) {
    peer.reply(request, body, options);
    peer.answer_close();
  });
}

inline constexpr std::string_view hello_ann = R"({"result": "Hello, Ann!", "error": null})";

}  // namespace miko::test
