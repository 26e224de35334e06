// What bench refuses before it sends anything, and files that do not come.

#include <fcntl.h>
#include <sys/stat.h>

#include <csignal>

#include "fault/fault_call.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class BenchFault : public testing::Test {
 protected:
  Outcome bench(std::vector<std::string> options) {
    options.insert(options.begin(), {"bench", "s", "m", "-b", server_.uri()});
    return miko(std::move(options));
  }

  void expect_refused(const Outcome& run) {
    expect_fault(run, 2, "usage", "no");
    EXPECT_EQ(server_.connections(), 0);
  }

  const FakeServer server_ = FakeServer(answering(std::string(hello_ann)));
  const TemporaryDirectory directory_;
};

TEST_F(BenchFault, RefusesNumbersThatAreNone) {
  for (const char* option : {"-n", "-j", "-r", "-z", "--warmup"}) {
    for (const char* value : {"", "0", "-1", "nan", "inf", "1e3", "x", "9999999999999999999"}) {
      SCOPED_TRACE(std::string(option) + " " + value);

      expect_refused(bench({option, value}));
    }
  }
  expect_refused(bench({"-n", "1.5"}));
  expect_refused(bench({"-j", "1001"}));
  expect_refused(bench({"-r", "1000001"}));
  expect_refused(bench({"-r", "0.0000000000001"}));
  expect_refused(bench({"-r", "100%"}));
  expect_refused(bench({"-n"}));
  expect_refused(bench({"-z", "25h"}));
}

TEST_F(BenchFault, RefusesThresholdsThatMeanNothing) {
  for (const char* text :
       {"p101>1ms", "pnan>1ms", "errors>nan", "rate<inf", "p99>200", "p99", ""}) {
    SCOPED_TRACE(text);

    expect_refused(bench({"--fail-if", text}));
  }
  // A good one does not make up for it.
  expect_refused(bench({"--fail-if", "p99>1s", "--fail-if", "nonsense>1"}));
}

TEST_F(BenchFault, RefusesArgumentsItCannotUse) {
  const std::string good = directory_.write_file("good", "[1]\n");
  const std::string empty = directory_.write_file("empty", " \n");
  const std::string bad = directory_.write_file("bad", "[1]\n[2]\n[3\n[4]\n");
  const std::string scalar = directory_.write_file("scalar", "[1]\n7\n");

  expect_refused(bench({"--args-file", good, "a=1"}));
  expect_refused(bench({"--args-file", good, "--args", "[]"}));
  expect_refused(bench({"--args-file", directory_.path("missing")}));
  expect_refused(bench({"--args-file", empty}));
  const Outcome not_json = bench({"--args-file", bad});
  expect_refused(not_json);
  expect_message(not_json, "not JSON at line 4");
  const Outcome no_arguments = bench({"--args-file", scalar});
  expect_refused(no_arguments);
  expect_message(no_arguments, "line 2: ");
}

TEST_F(BenchFault, RefusesAReportFileBeforeTheRunAndNotAfterIt) {
  const Outcome run = bench({"--hgrm", directory_.path("missing/out.hgrm")});

  expect_refused(run);
  expect_message(run, "No such file or directory");
}

TEST_F(BenchFault, RefusesANameThatCannotBeSent) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.answer_close();
  });

  const Outcome run = miko({"bench", "a\x01", "m", "-b", server.uri()});

  expect_fault(run, 2, "usage", "no");
  EXPECT_EQ(server.requests().size(), 0U);
}

TEST_F(BenchFault, CannotReachABroker) {
  const std::string nowhere = "amqp://127.0.0.1:" + std::to_string(unused_port());

  const Outcome run = miko({"bench", "s", "m", "-b", nowhere});

  expect_fault(run, 6, "unreachable", "no");
}

TEST_F(BenchFault, InterruptedWhileItReadsArguments) {
  const std::string fifo = directory_.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Child child(miko_command(
      {"bench", "s", "m", "-b", server_.uri(), "--timeout", "1h", "--args-file", fifo}));
  // Opens as soon as miko has opened the other end.
  const UniqueFd writer(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));

  child.send_signal(SIGTERM);
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, SIGTERM);
  expect_fault(run, 143, "interrupted", "no");
}

TEST_F(BenchFault, AFullDiskIsNoSuccess) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.reply(peer.read_request(), hello_ann);
    peer.answer_close();
  });
  const std::vector<std::string> words = {"bench", "s", "m", "-n", "1", "-b", server.uri()};

  expect_fault(miko(words, {.output = File{"/dev/full"}}), 10, "output_failed", "yes");

  std::vector<std::string> with_file = words;
  with_file.insert(with_file.end(), {"--hgrm", "/dev/full"});
  const Outcome run = miko(with_file);
  EXPECT_EQ(run.exit_code, 10);
  EXPECT_EQ(run.error("/error/code"), "output_failed");
  EXPECT_NE(run.out, "") << "the report itself is there";
}

}  // namespace
}  // namespace miko::test
