// SIGINT and SIGTERM at every stage of a call: miko says so, ends, and dies of the signal.

#include <sys/ioctl.h>

#include <csignal>
#include <future>
#include <regex>

#include "fault/black_hole.h"
#include "fault/fault_call.h"
#include "fault/full_pipe.h"
#include "support/preload.h"

namespace miko::test {
namespace {

class Interrupted : public testing::TestWithParam<int> {
 protected:
  /// Sends the signal, waits for the end and checks it.
  static void expect_death(Child& child, std::string_view executed) {
    child.send_signal(GetParam());
    const Outcome run = child.wait();

    EXPECT_EQ(run.signal, GetParam());
    expect_fault(run, 128 + GetParam(), "interrupted", executed);
    EXPECT_LT(run.duration, overshoot_max);
  }

  static Command command(const std::string& uri, std::vector<std::string> options = {},
                         MikoOptions how = {}) {
    options.insert(options.begin(), "-v");
    return miko_command(
        fault_words(uri, {.options = std::move(options), .timeout = std::chrono::seconds(25)}),
        std::move(how));
  }
};

INSTANTIATE_TEST_SUITE_P(By, Interrupted, testing::Values(SIGINT, SIGTERM),
                         [](const auto& variant) {
                           return variant.param == SIGINT ? "Sigint" : "Sigterm";
                         });

TEST_P(Interrupted, Row79_WhileTheNameIsResolved) {
  Child child(command("amqp://rabbit.example.com/", {}, {.environment = with_hanging_resolver()}));
  child.read_stderr_until("getaddrinfo hangs");

  expect_death(child, "no");
}

TEST_P(Interrupted, Row79_WhileItConnectsToABlackHole) {
  const BlackHole hole;
  Child child(command(hole.uri()));
  child.read_stderr_until("resolve");

  expect_death(child, "no");
}

TEST_P(Interrupted, Row79_DuringTheTlsHandshake) {
  const FakeServer server([](Peer& peer) { peer.stay_silent(); });
  Child child(command("amqps://127.0.0.1:" + std::to_string(server.port()) + "/"));
  child.read_stderr_until("connect");

  expect_death(child, "no");
}

TEST_P(Interrupted, Row79_BeforeTheGreeting) {
  const FakeServer server([](Peer& peer) { peer.stay_silent(); });
  Child careful(command(server.uri(), {"--careful"}));
  careful.read_stderr_until("connect");
  Child child(command(server.uri()));
  child.read_stderr_until("publish");

  expect_death(careful, "no");
  expect_death(child, "maybe");
}

TEST_P(Interrupted, Row79_WhileTheLoginIsNotAnswered) {
  std::promise<void> login_came;
  const FakeServer server([&login_came](Peer& peer) {
    peer.read_protocol_header();
    peer.send_start();
    peer.read_start_ok();
    login_came.set_value();
    peer.stay_silent();
  });
  Child child(command(server.uri(), {"--careful"}));
  login_came.get_future().wait();

  expect_death(child, "no");
}

TEST_P(Interrupted, Row79_WhileALargeRequestIsSent) {
  const TemporaryDirectory directory;
  const std::string file =
      directory.write_file("args.json", "[\"" + std::string(50'000'000, 'x') + "\"]");
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.freeze();
  });
  Child child(command(server.uri(), {"--args", "@" + file}));
  child.read_stderr_until("login");

  expect_death(child, "no");
  EXPECT_TRUE(server.requests().empty());
}

TEST_P(Interrupted, Row79_WhileItWaitsForTheReply) {
  const FakeServer server(after_request([](Peer& peer, const Request&) { peer.stay_silent(); }));
  Child child(command(server.uri()));
  child.read_stderr_until("confirm");

  expect_death(child, "maybe");
}

TEST_P(Interrupted, Row79_WhileItWritesTheResult) {
  // The second one fills the pipe in the middle of a write.
  for (const std::size_t size : {1'000'000U, 70'001U}) {
    for (const char* format : {"json", "pretty", "raw", "envelope"}) {
      SCOPED_TRACE(format + std::to_string(size));
      const FakeServer server(
          answering(R"({"result": ")" + std::string(size, 'x') + R"(", "error": null})"));
      const FullPipe pipe;
      Child child(command(server.uri(), {"-o", format}, {.output = File{pipe.path()}}));
      pipe.await_full();

      expect_death(child, "yes");
    }
  }
}

TEST_P(Interrupted, Row79_WhileItReadsStandardInput) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const UniqueFd writer(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  const FakeServer server(answering(std::string(hello_ann)));
  Child child(command(server.uri(), {"--args", "@-"}, {.input = File{fifo}}));
  ASSERT_EQ(::write(writer.get(), "[", 1), 1);
  ASSERT_TRUE(eventually([&writer] {
    int unread = 0;
    return ::ioctl(writer.get(), FIONREAD, &unread) == 0 && unread == 0;
  }));

  expect_death(child, "no");
  EXPECT_EQ(server.connections(), 0);
}

TEST_P(Interrupted, Row79_WhileItReadsAConfiguration) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Child child(miko_command({"call", "greeting", "hello", "-c", fifo, "--timeout", "25s"}));
  // Opens as soon as miko has opened the other end.
  const UniqueFd writer(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));

  expect_death(child, "no");
}

/// Whether a running program catches a signal.
bool catches(const Child& child, int signal) {
  const std::string status = read_file("/proc/" + std::to_string(child.pid()) + "/status");
  std::smatch mask;
  return std::regex_search(status, mask, std::regex("SigCgt:\\s*([0-9a-f]+)")) &&
         ((std::stoull(mask[1], nullptr, 16) >> (signal - 1)) & 1U) != 0;
}

TEST_P(Interrupted, Row80_TheSecondSignalKills) {
  const FullPipe errors;
  errors.fill();
  std::promise<void> request_came;
  const FakeServer server(after_request([&request_came](Peer& peer, const Request&) {
    request_came.set_value();
    peer.stay_silent();
  }));
  Child child(miko_command(fault_words(server.uri(), {.timeout = std::chrono::seconds(25)}),
                           {.errors = File{errors.path()}}));
  request_came.get_future().wait();

  child.send_signal(GetParam());
  // Nobody reads what it says about the first signal.
  ASSERT_TRUE(eventually([&child] { return !catches(child, GetParam()); }));
  child.send_signal(GetParam());
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, GetParam());
  EXPECT_LT(run.duration, overshoot_max);
}

}  // namespace
}  // namespace miko::test
