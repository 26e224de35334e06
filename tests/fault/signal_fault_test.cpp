// Rows 79 to 81 and 86 to 89 of the fault matrix: signals, and outputs that are gone.

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>

#include "fault/fault_call.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

FakeServer::Script never_answering() {
  return after_request([](Peer& peer, const Request&) { peer.stay_silent(); });
}

/// A miko that waits for its reply.
class Waiting {
 public:
  explicit Waiting(const FakeServer& server)
      : child_(miko_command(fault_words(server.uri(), {.options = {"-v"}}))) {
    child_.read_stderr_until("confirm");
  }

  Child& child() { return child_; }

 private:
  Child child_;
};

TEST(SignalFault, Row79_InterruptedWhileItWaits) {
  const FakeServer server(never_answering());
  Waiting waiting(server);

  waiting.child().send_signal(SIGINT);
  const Outcome run = waiting.child().wait();

  EXPECT_EQ(run.signal, SIGINT);
  expect_fault(run, 130, "interrupted", "maybe");
  EXPECT_LT(run.duration, overshoot_max);
}

TEST(SignalFault, Row79_InterruptedWhileItConnects) {
  const FakeServer server([](Peer& peer) { peer.freeze(); });
  Child child(miko_command(fault_words(server.uri(), {.options = {"-v", "--careful"}})));
  child.read_stderr_until("connect");

  child.send_signal(SIGINT);
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, SIGINT);
  expect_fault(run, 130, "interrupted", "no");
  EXPECT_LT(run.duration, overshoot_max);
}

TEST(SignalFault, Row79_InterruptedWhileItReadsAFile) {
  const FakeServer server(never_answering());
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Child child(miko_command(fault_words(server.uri(), {.options = {"--args", "@" + fifo}})));
  // Opens as soon as miko has opened the other end.
  const UniqueFd writer(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));

  child.send_signal(SIGTERM);
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, SIGTERM);
  expect_fault(run, 143, "interrupted", "no");
  EXPECT_EQ(server.connections(), 0);
  EXPECT_LT(run.duration, overshoot_max);
}

TEST(SignalFault, Row80_TerminatedAndHungUp) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    SCOPED_TRACE(signal);
    const FakeServer server(never_answering());
    Waiting waiting(server);

    waiting.child().send_signal(signal);
    const Outcome run = waiting.child().wait();

    EXPECT_EQ(run.signal, signal);
    expect_fault(run, 128 + signal, "interrupted", "maybe");
  }
}

TEST(SignalFault, Row80_TwoSignals) {
  const FakeServer server(never_answering());
  Waiting waiting(server);

  waiting.child().send_signal(SIGINT);
  waiting.child().send_signal(SIGTERM);
  const Outcome run = waiting.child().wait();

  EXPECT_TRUE(run.signal == SIGINT || run.signal == SIGTERM) << run.signal;
  EXPECT_EQ(run.out, "");
  EXPECT_LT(run.duration, overshoot_max);
}

TEST(SignalFault, Row81_StoppedAndContinued) {
  std::atomic<bool> continued = false;
  const FakeServer server(after_request([&continued](Peer& peer, const Request& request) {
    continued.wait(false);
    peer.reply(request, hello_ann);
    peer.answer_close();
  }));
  Waiting waiting(server);

  // Not SIGTSTP, which the kernel ignores in a process group without a shell.
  waiting.child().send_signal(SIGSTOP);
  siginfo_t info = {};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(waiting.child().pid()), &info, WSTOPPED), 0);
  waiting.child().send_signal(SIGCONT);
  continued = true;
  continued.notify_all();
  const Outcome run = waiting.child().wait();

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

/// A FIFO that is full of what miko printed: nobody reads.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0);
    reader_ = UniqueFd(::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }

  [[nodiscard]] std::string path() const { return directory_.path("fifo"); }

  void close_reader() { reader_ = UniqueFd(); }

  /// Waits until something is printed.
  void await_output() const {
    pollfd one = {.fd = reader_.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&one, 1, 10'000), 1);
  }

 private:
  TemporaryDirectory directory_;
  UniqueFd reader_;
};

std::string large_result() {
  return R"({"result": ")" + std::string(1'000'000, 'x') + R"(", "error": null})";
}

TEST(SignalFault, Row86_ReaderOfTheResultHasGone) {
  FullPipe pipe;
  const FakeServer server(after_request([&pipe](Peer& peer, const Request& request) {
    pipe.close_reader();
    peer.reply(request, hello_ann);
    peer.answer_close();
  }));

  const Outcome run = fault_call(server.uri(), {.how = {.output = File{pipe.path()}}});

  EXPECT_TRUE(run.exit_code == 10 || run.signal == SIGPIPE) << run.exit_code << run.err;
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(SignalFault, Row86_ReaderOfTheResultGoesInTheMiddle) {
  FullPipe pipe;
  const FakeServer server(answering(large_result()));
  MikoOptions how = {.output = File{pipe.path()}};
  Child child(miko_command(fault_words(server.uri(), {}), how));
  pipe.await_output();

  pipe.close_reader();
  const Outcome run = child.wait();

  EXPECT_TRUE(run.exit_code == 10 || run.signal == SIGPIPE) << run.exit_code << run.err;
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(SignalFault, Row87_DiskIsFull) {
  for (const char* format : {"json", "pretty", "raw", "envelope"}) {
    SCOPED_TRACE(format);
    const FakeServer server(answering(large_result()));

    const Outcome run =
        fault_call(server.uri(), {.options = {"-o", format}, .how = {.output = File{"/dev/full"}}});

    expect_fault(run, 10, "output_failed", "yes");
    expect_message(run, "cannot write the result");
  }
}

TEST(SignalFault, Row88_AllStandardStreamsAreClosed) {
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run = fault_call(
      server.uri(), {.how = {.input = Closed{}, .output = Closed{}, .errors = Closed{}}});

  EXPECT_EQ(run.exit_code, 10);
  EXPECT_EQ(server.connections(), 0);
}

TEST(SignalFault, Row88_ClosedStandardOutputIsFineForNoOutput) {
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run =
      fault_call(server.uri(), {.options = {"-o", "none"}, .how = {.output = Closed{}}});

  EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST(SignalFault, Row89_StandardErrorIsClosedOrFull) {
  const FakeServer good(answering(std::string(hello_ann)));
  const FakeServer bad(answering("<html>"));
  for (const Output& errors : {Output(Closed{}), Output(File{"/dev/full"})}) {
    const FaultCall call = {.options = {"-v"}, .how = {.errors = errors}};
    const Outcome success = fault_call(good.uri(), call);
    const Outcome failure = fault_call(bad.uri(), call);

    EXPECT_EQ(success.exit_code, 0);
    EXPECT_EQ(success.out, "\"Hello, Ann!\"\n");
    EXPECT_EQ(failure.exit_code, 8);
    EXPECT_EQ(failure.out, "");
  }
}

}  // namespace
}  // namespace miko::test
