// Suites, and a broker that goes away in the middle of them, or a reader that has gone.

#include "fault/fault_call.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

constexpr const char* three_cases = R"(
cases:
  - {name: one, service: s, method: m}
  - {name: two, service: s, method: m}
  - {name: three, service: s, method: m}
teardown:
  - {name: cleans, service: s, method: clean}
)";

constexpr std::string_view answer = R"({"result": 1, "error": null})";

Outcome smoke(const FakeServer& server, const std::string& suite,
              std::vector<std::string> options = {}, MikoOptions how = {}) {
  options.insert(options.begin(), {"smoke", suite, "-b", server.uri(), "-o", "pretty"});
  return miko(options, std::move(how));
}

/// A broker that answers one request and breaks the line at the next. Later clients get everything
/// answered, if there is anybody for them.
FakeServer::Script breaking_at_the_second() {
  return [](Peer& peer) {
    peer.log_in();
    const Request first = peer.read_request();
    peer.ack(first);
    peer.reply(first, std::string(answer));
    if (peer.number() == 0) {
      peer.ack(peer.read_request());
      return;
    }
    peer.answer_close();
  };
}

TEST(SmokeFault, SaysWhatWasNotRunWhenTheBrokerGoesAwayAndTearsDown) {
  const TemporaryDirectory directory;
  const FakeServer server(breaking_at_the_second());

  const Outcome run = smoke(server, directory.write_file("suite.yaml", three_cases),
                            {"--report-junit", directory.path("junit.xml")});

  EXPECT_EQ(run.exit_code, 9) << run.err;
  EXPECT_EQ(run.error("/error/code"), "connection_lost");
  EXPECT_EQ(run.error("/error/executed"), "maybe");
  EXPECT_NE(run.out.find("  pass  one"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  ERR   two"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  -     three   the broker is gone: "), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("  pass  cleans"), std::string::npos) << run.out;
  EXPECT_NE(read_file(directory.path("junit.xml")).find("tests=\"4\" failures=\"0\" errors=\"2\""),
            std::string::npos);
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST(SmokeFault, SendsNothingTwiceWhenTheBrokerGoesAway) {
  const TemporaryDirectory directory;
  const FakeServer server(breaking_at_the_second());

  const Outcome run =
      smoke(server, directory.write_file("suite.yaml", three_cases), {"--retry", "5", "-j", "2"});

  EXPECT_EQ(run.exit_code, 9) << run.err;
  EXPECT_LE(server.requests().size(), 4U);
}

TEST(SmokeFault, TearsDownAlthoughNothingCanBePrinted) {
  const TemporaryDirectory directory;
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    for (int i = 0; i < 4; ++i) {
      const Request request = peer.read_request();
      peer.ack(request);
      peer.reply(request, std::string(answer));
    }
    peer.answer_close();
  });

  const Outcome run = smoke(server, directory.write_file("suite.yaml", three_cases), {},
                            {.output = File{"/dev/full"}});

  EXPECT_EQ(run.exit_code, 10) << run.err;
  EXPECT_EQ(run.error("/error/code"), "output_failed");
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST(SmokeFault, ARegularExpressionCannotTakeLong) {
  const TemporaryDirectory directory;
  const FakeServer server(
      answering(R"({"result": ")" + std::string(200'000, 'a') + R"(", "error": null})"));

  const Outcome run = smoke(server, directory.write_file("suite.yaml", R"(
cases:
  - {service: s, method: m, expect: "~ (a*)*(a|aa)+(a*)*b$"}
)"));

  EXPECT_EQ(run.exit_code, 3) << run.err;
  EXPECT_LT(run.duration, std::chrono::seconds(5));
}

TEST(SmokeFault, ABrokenFileIsRefusedWhole) {
  const TemporaryDirectory directory;
  for (const char* text : {"", "cases", "cases:\n- 7\n", "cases:\n - {service: s\n", "\x01",
                           "cases:\n- {service: s, method: m, expect: 'x'}\n", "- a\n",
                           "cases: {a: 1}\n", "cases:\n- {service: s, method: m, args: [\"${\"]}\n",
                           "%YAML 9\n", "cases:\n- {service: s, method: m, capture: [x]}\n"}) {
    const Outcome run =
        miko({"smoke", directory.write_file("suite.yaml", text), "-b", "amqp://127.0.0.1:1/"});

    expect_fault(run, 2, "usage", "no");
    EXPECT_NE(run.err.find("suite.yaml:"), std::string::npos) << run.err;
  }
}

}  // namespace
}  // namespace miko::test
