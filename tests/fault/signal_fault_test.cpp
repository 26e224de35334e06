// Rows 79 to 81 and 86 to 89 of the fault matrix: signals, and outputs that are gone.

#include <csignal>
#include <future>

#include "fault/fault_call.h"
#include "fault/full_pipe.h"

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

TEST(SignalFault, Row79_InterruptedWhileItReadsAFile) {
  const FakeServer server(never_answering());
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const std::vector<std::string> readers[] = {{"--args", "@" + fifo}, {"--config", fifo}};
  for (const std::vector<std::string>& options : readers) {
    SCOPED_TRACE(options[0]);
    Child child(miko_command(fault_words(server.uri(), {.options = options})));
    // Opens as soon as miko has opened the other end.
    const UniqueFd writer(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));

    child.send_signal(SIGTERM);
    const Outcome run = child.wait();

    EXPECT_EQ(run.signal, SIGTERM);
    expect_fault(run, 143, "interrupted", "no");
    EXPECT_EQ(server.connections(), 0);
    EXPECT_LT(run.duration, overshoot_max);
  }
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

/// A command line of miko as a part of a shell script: "$0" "$@".
Command in_a_shell(const std::string& script, const std::string& uri, const FaultCall& call = {}) {
  Command command = miko_command(fault_words(uri, call));
  command.argv.insert(command.argv.begin(), {"/bin/bash", "-c", script});
  return command;
}

bool is_stopped(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  return stat.substr(stat.rfind(')') + 2, 1) == "T";
}

TEST(SignalFault, Row81_StoppedAndContinued) {
  // SIGTSTP is ignored in a process group that nobody can continue, so a shell with job control is
  // in charge; without it when it waits, so that it waits for the end and not for the stop.
  const std::string script = R"(set -m; "$0" "$@" & set +m; echo "$!"; wait "$!")";
  for (const int signal : {SIGTSTP, SIGSTOP}) {
    SCOPED_TRACE(signal);
    std::promise<void> continued;
    const FakeServer server(after_request([&continued](Peer& peer, const Request& request) {
      continued.get_future().wait();
      peer.reply(request, hello_ann);
      peer.answer_close();
    }));
    Child shell(in_a_shell(script, server.uri(), {.options = {"-v"}}));
    const pid_t miko = std::stoi(shell.read_stdout_until("\n"));
    shell.read_stderr_until("confirm");

    EXPECT_EQ(::kill(miko, signal), 0);
    EXPECT_TRUE(eventually([miko] { return is_stopped(miko); }));
    EXPECT_EQ(::kill(miko, SIGCONT), 0);
    continued.set_value();
    const Outcome run = shell.wait();

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, std::to_string(miko) + "\n\"Hello, Ann!\"\n");
  }
}

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

TEST(SignalFault, Row86_ReaderIsHead) {
  const std::string ten_megabytes(10'000'000, 'x');
  const FakeServer server(answering(R"({"error": null, "result": ")" + ten_megabytes + "\"}"));

  const Outcome run = miko::test::run(
      in_a_shell(R"("$0" "$@" | head -c1; echo " ${PIPESTATUS[0]}")", server.uri()));

  EXPECT_EQ(run.out, "\" 141\n");
  EXPECT_EQ(run.err, "");
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
