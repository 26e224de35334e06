// Row 78 of the fault matrix and its neighbours: many calls, and a broker, a reader or a writer
// that does not do what it should.

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "fault/fault_call.h"
#include "support/answers.h"
#include "support/eventually.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

std::vector<std::string> batch_words(const FakeServer& server,
                                     std::vector<std::string> options = {}) {
  if (std::find(options.begin(), options.end(), "--timeout") == options.end()) {
    options.insert(options.end(), {"--timeout", "20s"});
  }
  if (std::find(options.begin(), options.end(), "-b") == options.end()) {
    options.insert(options.end(), {"-b", server.uri()});
  }
  options.insert(options.begin(), "batch");
  return options;
}

/// `count` values that call s.m, one a line.
std::string calls(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += "{\"service\": \"s\", \"method\": \"m\", \"args\": [" + std::to_string(i) + "]}\n";
  }
  return text;
}

constexpr std::string_view one = R"({"result": 1, "error": null})";

/// A broker that takes this many requests before it answers them all with `body`.
FakeServer::Script answering_all(std::size_t count, std::string body = std::string(one)) {
  return [count, body = std::move(body)](Peer& peer) {
    peer.log_in();
    std::vector<Request> requests(count);
    for (Request& request : requests) {
      request = peer.read_request();
    }
    for (const Request& request : requests) {
      peer.reply(request, body);
    }
    peer.answer_close();
  };
}

constexpr int heartbeat_type = static_cast<int>(FrameType::heartbeat);

/// Makes the client send a heartbeat twice a second.
std::string with_heartbeat(const FakeServer& server) {
  return server.uri() + "?heartbeat=1";
}

void read_heartbeats(Peer& peer, int count) {
  while (count > 0) {
    const Frame frame = peer.read_frame();
    count -= frame.type == heartbeat_type ? 1 : 0;
    peer.answer(frame);
  }
}

TEST(BatchFault, LogsInWithoutWaitingForTheWholeTimeout) {
  const FakeServer server(answering_all(0));

  const Outcome run = miko(batch_words(server, {"--timeout", "1h"}));

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "");
}

FakeServer::Script answering_backwards() {
  return [](Peer& peer) {
    peer.log_in();
    const Request first = peer.read_request();
    const Request second = peer.read_request();
    peer.reply(second, R"({"result": "second", "error": null})");
    peer.reply(first, R"({"result": "first", "error": null})");
    peer.answer_close();
  };
}

TEST(BatchFault, SaysThatItReadsFromTheTerminal) {
  const FakeServer server(answering_all(1));
  Child child(miko_command(batch_words(server), {.input = Terminal{}}));

  child.read_stderr_until("miko: reading calls from the terminal, Ctrl-D ends\n");
  child.write_input(calls(1));
  child.read_stdout_until("\n");

  child.send_signal(SIGINT);
  EXPECT_EQ(child.wait().signal, SIGINT);
}

TEST(BatchFault, PrintsAnswersAsTheyCome) {
  const FakeServer server(answering_backwards());

  const std::vector<Answer> answers =
      answers_of(miko(batch_words(server), {.input = Text{calls(2)}}).out);

  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].index, 1);
  EXPECT_EQ(answers[0].result, "\"second\"");
  EXPECT_EQ(answers[1].index, 0);
}

TEST(BatchFault, PrintsAnswersInTheOrderOfTheInputWhereThatIsWanted) {
  const FakeServer server(answering_backwards());

  // The bad value behind them is answered first of all.
  const std::vector<Answer> answers =
      answers_of(miko(batch_words(server, {"--ordered"}), {.input = Text{calls(2) + "7\n"}}).out);

  ASSERT_EQ(answers.size(), 3U);
  EXPECT_EQ(answers[0].index, 0);
  EXPECT_EQ(answers[0].result, "\"first\"");
  EXPECT_EQ(answers[1].index, 1);
  EXPECT_EQ(answers[2].index, 2);
}

TEST(BatchFault, HasNoMoreInFlightThanAllowed) {
  std::atomic<int> next_frame = 0;
  const FakeServer server([&next_frame](Peer& peer) {
    peer.log_in();
    const Request first = peer.read_request();
    const Request second = peer.read_request();
    next_frame = peer.read_frame().type;
    peer.reply(first, one);
    peer.reply(second, one);
    peer.reply(peer.read_request(), one);
    peer.answer_close();
  });

  const Outcome run = miko(batch_words(server, {"-j", "2", "-b", with_heartbeat(server)}),
                           {.input = Text{calls(3)}});

  EXPECT_EQ(next_frame, heartbeat_type) << "and no third request";
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(answers_each_once(answers_of(run.out), 3));
}

TEST(BatchFault, ACallThatTimesOutLeavesTheOthersAlone) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.ack(peer.read_request());
    peer.reply(peer.read_request(), one);
    peer.answer_close();
  });

  const Outcome run = miko(batch_words(server, {"--timeout", "2s"}), {.input = Text{calls(2)}});

  const std::vector<Answer> answers = sorted_answers_of(run.out);
  ASSERT_EQ(answers.size(), 2U) << run.out;
  EXPECT_EQ(answers[0].code, "timeout");
  EXPECT_EQ(answers[0].executed, "maybe");
  EXPECT_EQ(answers[1].result, "1");
  EXPECT_EQ(run.exit_code, 3);
}

TEST(BatchFault, Row78_ABadLineIsAnsweredAndTheRestGoesOn) {
  const FakeServer server(answering_all(9));
  std::string input = calls(10);
  input.replace(input.find("[6]"), 3, "[6");

  const Outcome run = miko(batch_words(server), {.input = Text{input}});

  const std::vector<Answer> answers = sorted_answers_of(run.out);
  EXPECT_TRUE(answers_each_once(answers, 10)) << run.out;
  for (const Answer& answer : answers) {
    EXPECT_EQ(answer.ok, answer.index == 6 ? "false" : "true") << answer.index;
  }
  EXPECT_EQ(answers[6].code, "usage");
  EXPECT_EQ(answers[6].executed, "no");
  EXPECT_NE(answers[6].message.find("not JSON at line 7, column"), std::string::npos);
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.err, "miko: 9 of 10 calls succeeded; failed: usage 1\n");
}

TEST(BatchFault, WhenTheLineBreaksEachValueStillHasOneAnswer) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.reply(peer.read_request(), one);
    peer.reply(peer.read_request(), one);
    peer.ack(peer.read_request());
    static_cast<void>(peer.read_request());
    peer.close();
  });

  const Outcome run = miko(batch_words(server, {"-j", "2"}), {.input = Text{calls(50)}});

  const std::vector<Answer> answers = sorted_answers_of(run.out);
  ASSERT_TRUE(answers_each_once(answers, 50)) << run.out;
  for (const Answer& answer : answers) {
    SCOPED_TRACE(answer.index);
    EXPECT_EQ(answer.code, answer.index < 2 ? "" : "connection_lost");
    EXPECT_EQ(answer.executed, answer.index < 2 ? "" : answer.index < 4 ? "maybe" : "no");
  }
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.err, "miko: 2 of 50 calls succeeded; failed: connection_lost 48\n");
}

TEST(BatchFault, WhatComesAfterTheLossIsAnsweredToo) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    static_cast<void>(peer.read_request());
    peer.close();
  });
  Child child(miko_command(batch_words(server), {.input = Pipe{}}));

  child.write_input(calls(1));
  const Answer in_flight = answer_of(child.read_stdout_until("\n"));
  child.write_input(calls(1));
  child.close_input();
  const Outcome run = child.wait();

  EXPECT_EQ(in_flight.executed, "maybe");
  EXPECT_EQ(answers_of(run.out).back().executed, "no");
  EXPECT_EQ(run.exit_code, 1) << "all failed";
}

TEST(BatchFault, StopsAtTheFirstFailureWhereThatIsWanted) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.reply(peer.read_request(), one);
    const Request bad = peer.read_request();
    const Request in_flight = peer.read_request();
    peer.reply(bad, "<html>");
    peer.reply(in_flight, one);
    peer.answer_close();
  });

  const Outcome run =
      miko(batch_words(server, {"-j", "2", "--fail-fast"}), {.input = Text{calls(50)}});

  const std::vector<Answer> answers = sorted_answers_of(run.out);
  ASSERT_EQ(answers.size(), 3U) << run.out;
  EXPECT_EQ(answers[1].code, "bad_reply");
  EXPECT_EQ(answers[2].ok, "true") << "what was in flight is waited for";
  EXPECT_EQ(server.requests().size(), 3U);
  EXPECT_EQ(run.exit_code, 3);
}

TEST(BatchFault, NothingIsReadBeforeTheBrokerIsReached) {
  const TemporaryDirectory directory;
  const std::string input = directory.write_file("input", calls(3));
  const std::string nowhere = "amqp://127.0.0.1:" + std::to_string(unused_port());
  Command command = miko_command({}, {.environment = {{"AMQP_URI", nowhere}}});
  command.argv = {"/bin/sh", "-c",
                  "{ '" + miko_path() + "' batch; echo \"status $?\"; cat; } < '" + input + "'"};

  const Outcome run = miko::test::run(std::move(command));

  EXPECT_EQ(run.out, "status 6\n" + calls(3));
  EXPECT_EQ(run.error("/error/code"), "unreachable") << run.err;
  EXPECT_EQ(run.error("/error/executed"), "no");
}

TEST(BatchFault, MistakesInTheOptionsAreRefusedBeforeAnythingIsSent) {
  const FakeServer server(answering_all(0));
  const std::vector<std::vector<std::string>> mistakes = {
      {"-o", "raw"}, {"-o", "csv"},     {"-j", "0"},      {"-j", "-1"},      {"-j", "1001"},
      {"-j", "nan"}, {"-j", ""},        {"-j"},           {"/nonexistent"},  {"/tmp"},
      {"--ctx=a=b"}, {"--args", "[1]"}, {"file", "file"}, {"--timeout", "0"}};
  for (const std::vector<std::string>& options : mistakes) {
    SCOPED_TRACE(options.front() + " " + options.back());

    expect_fault(miko(batch_words(server, options)), 2, "usage", "no");
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(BatchFault, MistakesOfCallWithBatchAreRefusedBeforeAnythingIsSent) {
  const FakeServer server(answering_all(0));
  const std::vector<std::vector<std::string>> mistakes = {{"--batch", "name=Ann"},
                                                          {"--batch", "--args", "[]"},
                                                          {"--batch", "--kwargs", "{}"},
                                                          {"--batch", "--dry-run"},
                                                          {"--batch", "-o", "raw"},
                                                          {"--batch", "--ctx", "a=@-"},
                                                          {"--ordered"},
                                                          {"--fail-fast"},
                                                          {"--no-progress"},
                                                          {"-j", "5"}};
  for (const std::vector<std::string>& options : mistakes) {
    SCOPED_TRACE(options.front() + " " + options.back());

    expect_fault(fault_call(server.uri(), {.options = options}), 2, "usage", "no");
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(BatchFault, AValueThatIsTooLongEndsIt) {
  const FakeServer server(answering_all(1));
  const TemporaryDirectory directory;
  const std::string input = directory.write_file("input", calls(1) + "[\"");
  // NULs, which take no room on the disk.
  std::filesystem::resize_file(input, 200UL * 1024 * 1024);

  const Outcome run = miko(batch_words(server, {input}));

  EXPECT_EQ(answers_of(run.out).size(), 1U);
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.error("/error/message"), "cannot read '" + input +
                                             "': a value has more than 134217728 bytes; 1 of 1 "
                                             "calls succeeded");
#ifndef __SANITIZE_ADDRESS__  // the sanitizers keep what was freed
  EXPECT_LT(run.memory_peak_kib, 400 * 1024);
#endif
}

TEST(BatchFault, MemoryDoesNotGrowWithTheInput) {
#ifndef __SANITIZE_ADDRESS__
  const FakeServer server(answering_all(0));
  const TemporaryDirectory directory;
  const std::string input = directory.write_file("input", "");
  std::string line = "garbage";
  while (line.size() < 200'000) {
    line += " 1";
  }
  // In pieces: a new program is charged for the memory of the one that starts it.
  for (int i = 0; i < 200; ++i) {
    std::ofstream(input, std::ios::app) << line << "\n";
  }

  const Outcome run = miko(batch_words(server, {"-o", "none", input}));

  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "miko: 0 of 200 calls succeeded; failed: usage 200\n");
  EXPECT_LT(run.memory_peak_kib, 32 * 1024);
#endif
}

TEST(BatchFault, LivesOnWhileNothingComesIn) {
  std::atomic<bool> idle = false;
  const FakeServer server([&idle](Peer& peer) {
    peer.log_in();
    read_heartbeats(peer, 3);
    idle = true;
    idle.notify_all();
    peer.reply(peer.read_request(), one);
    peer.answer_close();
  });
  Child child(miko_command(batch_words(server, {"-b", with_heartbeat(server)}), {.input = Pipe{}}));

  idle.wait(false);
  child.write_input(calls(1));
  child.close_input();

  EXPECT_EQ(child.wait().exit_code, 0);
}

TEST(BatchFault, SendsAHeartbeatNowAndThen) {
  std::atomic<int> heartbeats = 0;
  std::atomic<bool> paused = false;
  const FakeServer server([&](Peer& peer) {
    peer.log_in();
    read_heartbeats(peer, 1);
    peer.pause(std::chrono::seconds(1));
    paused = true;
    paused.notify_all();
    constexpr MethodId publish = {60, 40};
    for (Frame frame = peer.read_frame(); !(frame.method() == publish); frame = peer.read_frame()) {
      ++heartbeats;
    }
    peer.close();
  });
  Child child(miko_command(batch_words(server, {"-b", with_heartbeat(server)}), {.input = Pipe{}}));

  paused.wait(false);
  child.write_input(calls(1));
  child.close_input();
  child.wait();

  EXPECT_GE(heartbeats, 1);
  EXPECT_LT(heartbeats, 100);
}

/// A FIFO whose reader is this test.
class Reader {
 public:
  Reader() {
    EXPECT_EQ(::mkfifo(path().c_str(), 0600), 0);
    fd_ = UniqueFd(::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }

  [[nodiscard]] std::string path() const { return directory_.path("fifo"); }

  void close() { fd_ = UniqueFd(); }

  /// Waits until something is printed.
  void await_output() const {
    pollfd one_fd = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&one_fd, 1, 20'000), 1);
  }

  [[nodiscard]] std::string read_to_the_end() const {
    std::string text;
    std::string piece(65536, '\0');
    pollfd one_fd = {.fd = fd_.get(), .events = POLLIN, .revents = 0};
    while (::poll(&one_fd, 1, 20'000) == 1) {
      const ssize_t count = ::read(fd_.get(), piece.data(), piece.size());
      if (count <= 0) {
        break;
      }
      text.append(piece, 0, static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  TemporaryDirectory directory_;
  UniqueFd fd_;
};

TEST(BatchFault, AReaderThatIsSlowDoesNotCostTheConnection) {
  std::atomic<bool> alive = false;
  const FakeServer server([&alive](Peer& peer) {
    peer.log_in();
    for (int i = 0; i < 50; ++i) {
      peer.reply(peer.read_request(),
                 R"({"error": null, "result": ")" + std::string(100'000, 'x') + "\"}");
    }
    // Nobody reads what miko prints meanwhile.
    read_heartbeats(peer, 3);
    alive = true;
    alive.notify_all();
    for (int i = 0; i < 50; ++i) {
      peer.reply(peer.read_request(), one);
    }
    peer.answer_close();
  });
  Reader reader;
  Child child(miko_command(batch_words(server, {"-j", "50", "-b", with_heartbeat(server)}),
                           {.input = Pipe{}, .output = File{reader.path()}}));
  child.write_input(calls(50));

  alive.wait(false);
  child.write_input(calls(50));
  child.close_input();
  const std::string out = reader.read_to_the_end();

  const Outcome run = child.wait();
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(answers_each_once(answers_of(out), 100));
}

/// The letter of /proc/PID/stat: S sleeps.
char state_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  return stat[stat.rfind(')') + 2];
}

TEST(BatchFault, ReadsNoFurtherWhileTheReaderIsSlow) {
  const FakeServer server(answering_all(0));
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("input");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const Reader reader;
  Child child(miko_command(batch_words(server, {fifo}), {.output = File{reader.path()}}));
  UniqueFd writer(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
  ::fcntl(writer.get(), F_SETFL, O_NONBLOCK);
  std::size_t written = 0;
  const auto write_some = [&] {
    const std::string values = "7" + std::string(62, ' ') + "\n";
    const ssize_t count = ::write(writer.get(), values.data(), values.size());
    written += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    return count > 0;
  };

  ASSERT_TRUE(write_some());
  reader.await_output();
  // It sleeps although there is something to read: it must be waiting for its own reader.
  const auto stuck = [&] { return !write_some() && state_of(child.pid()) == 'S' && !write_some(); };
  while (!stuck()) {
    ASSERT_LT(written, 2'000'000U);
  }
  writer = UniqueFd();
  const std::string out = reader.read_to_the_end();
  const Outcome run = child.wait();

  EXPECT_EQ(run.exit_code, 1) << run.err;
  EXPECT_TRUE(answers_each_once(answers_of(out), written / 64));
#ifndef __SANITIZE_ADDRESS__
  EXPECT_LT(run.memory_peak_kib, 32 * 1024);
#endif
}

TEST(BatchFault, Row86_ReaderOfTheAnswersHasGone) {
  Reader reader;
  const FakeServer server([&reader](Peer& peer) {
    peer.log_in();
    const Request request = peer.read_request();
    reader.close();
    peer.reply(request, one);
    peer.answer_close();
  });

  const Outcome run =
      miko(batch_words(server), {.input = Text{calls(1)}, .output = File{reader.path()}});

  EXPECT_EQ(run.signal, SIGPIPE) << run.exit_code << run.err;
  EXPECT_EQ(run.err, "");
}

TEST(BatchFault, Row87_DiskIsFull) {
  const FakeServer server(answering_all(1));

  const Outcome run =
      miko(batch_words(server), {.input = Text{calls(1)}, .output = File{"/dev/full"}});

  expect_fault(run, 10, "output_failed", "maybe");
  expect_message(run, "cannot write the answers");
}

/// Waits until the program has heard the signal and waits for something else.
void await_caught(const Child& child, int signal) {
  EXPECT_TRUE(eventually([&] {
    const std::string status = read_file("/proc/" + std::to_string(child.pid()) + "/status");
    const std::string caught = status.substr(status.find("SigCgt:") + 7);
    const bool handled = (std::stoull(caught, nullptr, 16) >> (signal - 1) & 1) != 0;
    return !handled && state_of(child.pid()) == 'S';
  }));
}

TEST(BatchFault, Row79_AnInterruptWaitsForWhatIsInFlightAndReadsNoFurther) {
  std::atomic<bool> interrupted = false;
  const FakeServer server([&interrupted](Peer& peer) {
    peer.log_in();
    peer.reply(peer.read_request(), one);
    const Request second = peer.read_request();
    interrupted.wait(false);
    peer.reply(second, one);
    peer.answer_close();
  });
  Child child(miko_command(batch_words(server), {.input = Pipe{}}));
  child.write_input(calls(1));
  child.read_stdout_until("\n");
  child.write_input(calls(1));
  ASSERT_TRUE(eventually([&server] { return server.requests().size() == 2; }));

  child.send_signal(SIGINT);
  await_caught(child, SIGINT);
  child.write_input(calls(1));
  interrupted = true;
  interrupted.notify_all();
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, SIGINT) << run.err;
  EXPECT_TRUE(answers_each_once(answers_of(run.out), 2)) << run.out;
  EXPECT_EQ(server.requests().size(), 2U);
  EXPECT_EQ(run.error("/error/code"), "interrupted");
  EXPECT_EQ(run.error("/error/message"), "interrupted; 2 of 2 calls succeeded");
}

TEST(BatchFault, Row79_ASecondInterruptEndsItAtOnce) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.ack(peer.read_request());
    peer.stay_silent();
  });
  Child child(miko_command(batch_words(server, {"--timeout", "1h"}), {.input = Text{calls(1)}}));
  ASSERT_TRUE(eventually([&server] { return server.requests().size() == 1; }));

  child.send_signal(SIGINT);
  await_caught(child, SIGINT);
  child.send_signal(SIGINT);

  EXPECT_EQ(child.wait().signal, SIGINT);
}

TEST(BatchFault, Row79_GarbageWithoutEndCanBeInterrupted) {
  const FakeServer server(answering_all(0));
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  Child child(miko_command(batch_words(server, {"-o", "none", fifo})));
  // Opens as soon as miko has opened the other end; a write comes back when miko has read the last.
  const UniqueFd writer(::open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  std::string garbage(65536, 'x');
  for (std::size_t i = 1; i < garbage.size(); i += 2) {
    garbage[i] = '\n';
  }
  const auto feed = [&] { return ::write(writer.get(), garbage.data(), garbage.size()) > 0; };
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(feed());
  }

  child.send_signal(SIGINT);
  int fed = 0;
  while (fed < 100 && feed()) {
    ++fed;
  }
  const Outcome run = child.wait();
  std::signal(SIGPIPE, before);

  EXPECT_EQ(run.signal, SIGINT) << run.err;
  EXPECT_LT(fed, 100);
}

}  // namespace
}  // namespace miko::test
