// Rows 69 to 77, 82 to 85, 90 and 91 of the fault matrix: what can be wrong on this side. Nothing
// of it may reach a broker.

#include <sys/stat.h>

#include "fault/fault_call.h"
#include "support/preload.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;

/// A call to a broker that must not be connected to, with these words behind it.
class InputFault : public testing::Test {
 protected:
  Outcome call(std::vector<std::string> options, FaultCall how = {}) {
    how.options = std::move(options);
    return fault_call(server_.uri(), std::move(how));
  }

  /// As call(), without --broker and --timeout.
  Outcome words(std::vector<std::string> words, MikoOptions how = {}) {
    return miko(std::move(words), std::move(how));
  }

  void expect_usage(const Outcome& run) {
    expect_fault(run, 2, "usage", "no");
    EXPECT_EQ(run.err.find("s3cret"), std::string::npos) << run.err;
    EXPECT_EQ(server_.connections(), 0);
  }

  const FakeServer server_ = FakeServer(answering(std::string(hello_ann)));
  const TemporaryDirectory directory_;
};

TEST_F(InputFault, Row69_ArgumentsAreNotJson) {
  const Outcome run = call({"--args", "[1,\n [2,, 3]]"});

  expect_usage(run);
  EXPECT_EQ(run.error("/error/at/line"), "2");
  EXPECT_EQ(run.error("/error/at/column"), "5");
  EXPECT_EQ(run.error("/error/at/text"), " [2,, 3]]");
  EXPECT_EQ(run.error("/error/at/caret"), "    ^");
}

TEST_F(InputFault, Row70_ArgumentsAreOfTheWrongKind) {
  expect_usage(call({"--args", "1"}));
  expect_usage(call({"--args", "null"}));
  expect_usage(call({"--args", ""}));
  expect_usage(call({"--args", "[NaN]"}));
  expect_usage(call({"--args", "[Infinity]"}));
  expect_usage(call({"--args", R"({"a": 1, "a": 2})"}));
  expect_usage(call({"--args", R"({"a": 1})", "a=2"}));
  expect_usage(call({"--kwargs", "[1]"}));
  expect_usage(call({"a:=NaN"}));
  expect_usage(call({"a:=" + std::string(100'000, '[')}));
  expect_usage(call({"a=\xff"}));
}

TEST_F(InputFault, Row71_TimeoutIsNoDuration) {
  for (const char* timeout : {"0", "-1", "nan", "inf", "1e9", "5 s", "", "99999999999999999999h",
                              "0x10", "1h-1s", "25h", "0.0000000001ms", "\x1b[31m"}) {
    SCOPED_TRACE(timeout);
    expect_usage(words({"call", "greeting", "hello", "--timeout", timeout, "-b", server_.uri()}));
  }
}

TEST_F(InputFault, Row72_PortIsNoPort) {
  for (const char* port : {"0", "70000", "56x", "-1", "", " 5672", "5672 ", "1e3"}) {
    SCOPED_TRACE(port);
    expect_usage(words({"call", "greeting", "hello", "--port", port}));
  }
  for (const char* port : {"0", "70000", "56x"}) {
    SCOPED_TRACE(port);
    expect_usage(words({"call", "greeting", "hello", "-b",
                        "amqp://ann:s3cret@127.0.0.1:" + std::string(port) + "/"}));
  }
}

TEST_F(InputFault, Row73_UriIsMalformed) {
  for (const char* uri :
       {"amqp://ann:s3cret%zz@host/", "amqp://ann:s3cret%0@host/", "amqp://ann:s3cret%00@host/",
        "amqp://ann:s3cret@at@host/", "http://ann:s3cret@host/", "ann:s3cret@host",
        "amqp://ann:s3cret", "amqp://ann:s3cret@[::1", "amqp://ann:s3cret@host/%",
        "amqp://ann:s3cret@host/?heartbeat=x", "amqp://ann:s3cret/@host/",
        "amqp://ann:s3cret#@host/", "amqp://ann:s3;cret@host/", "amqp://ann:s3cret@h;x", ""}) {
    SCOPED_TRACE(uri);
    const Outcome run = words({"call", "greeting", "hello", "-v", "-b", uri});

    if (*uri == '\0') {
      EXPECT_NE(run.exit_code, 0);
    } else {
      expect_usage(run);
      EXPECT_EQ(run.err.find("cret"), std::string::npos) << run.err;
    }
  }
}

TEST_F(InputFault, Row74_NamesThatCannotBe) {
  const std::string b = server_.uri();
  expect_usage(words({"call", "", "hello", "-b", b}));
  expect_usage(words({"call", "greeting", "", "-b", b}));
  expect_usage(words({"call", ".hello", "-b", b}));
  expect_usage(words({"call", "greeting.", "-b", b}));
  expect_usage(words({"call", "greeting", "he.llo", "-b", b}));
  expect_usage(words({"call", "greeting", std::string(255, 'x'), "-b", b}));
  expect_usage(words({"call", "greet\ning", "hello", "-b", b}));
  expect_usage(words({"call", "greet\x1b[31ming", "hello", "-b", b}));
  expect_usage(words({"call", "greet\xffing", "hello", "-b", b}));
  expect_usage(words({"call", "greeting", "-b", b}));
  expect_usage(words({"call", "-b", b}));
  expect_usage(words({"call", "greeting", "hello", "--exchange", "", "-b", b}));
  expect_usage(words({"call", "greeting", "hello", "--exchange", std::string(256, 'x'), "-b", b}));
}

TEST_F(InputFault, Row75_FileOfArgumentsCannotBeRead) {
  const std::string unreadable = directory_.path("nothing");
  const std::string fifo = directory_.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);

  expect_usage(call({"--args", "@" + unreadable}));
  expect_usage(call({"--args", "@"}));
  expect_usage(call({"--args", "@" + directory_.path()}));
  expect_usage(call({"--args", "@" + fifo}, {.timeout = milliseconds(300)}));
  expect_usage(call({"a=@" + fifo}, {.timeout = milliseconds(300)}));
  expect_usage(call({"a:=@" + unreadable}));
}

TEST_F(InputFault, Row76_StandardInputHasNothing) {
  expect_usage(call({"--args", "@-"}, {.how = {.input = Closed{}}}));
  expect_usage(call({"--args", "@-"}, {.how = {.input = Terminal{}}}));
  expect_usage(call({"--args", "@-"}, {.how = {.input = Text{}}}));
  expect_usage(call({"--args", "@-", "--kwargs", "@-"}, {.how = {.input = Text{"[]"}}}));
  expect_usage(call({"a=@-"}, {.timeout = milliseconds(300), .how = {.input = Pipe{}}}));
}

TEST_F(InputFault, Row76_StandardInputIsNotReadUnasked) {
  const Outcome run = call({}, {.how = {.input = Pipe{}}});

  EXPECT_EQ(run.exit_code, 0) << run.err;
}

TEST_F(InputFault, Row77_StandardInputIsEndless) {
  const Outcome run = call({"--args", "@-"}, {.how = {.input = File{"/dev/zero"}}});

  expect_usage(run);
  EXPECT_LT(run.memory_peak_kib, 1024 * 1024);
}

TEST_F(InputFault, Row77_StandardInputIsBinary) {
  const std::string binary("\x7f\x45LF\0\1\2\xff", 8);

  expect_usage(call({"--args", "@-"}, {.how = {.input = Text{binary}}}));
  expect_usage(call({"a:=@-"}, {.how = {.input = Text{binary}}}));
  expect_usage(call({"a=@-"}, {.how = {.input = Text{binary}}}));
}

TEST_F(InputFault, Row82_VariableHasABadValue) {
  const std::pair<const char*, const char*> variables[] = {
      {"MIKO_PORT", "s3cret"}, {"MIKO_TIMEOUT", "s3cret"}, {"MIKO_OUTPUT", "s3cret"}};
  for (const auto& [name, value] : variables) {
    SCOPED_TRACE(name);
    const Outcome run = words({"call", "greeting", "hello"}, {.environment = {{name, value}}});

    expect_usage(run);
    expect_message(run, name);
  }
}

TEST_F(InputFault, Row82_UriInAVariableIsBad) {
  for (const char* name : {"MIKO_BROKER", "AMQP_URI", "AMQP_URL"}) {
    SCOPED_TRACE(name);
    expect_usage(words({"call", "greeting", "hello"},
                       {.environment = {{name, "amqp://ann:s3cret@host:56x/"}}}));
  }
}

TEST_F(InputFault, Row83_EnvironmentIsEmpty) {
  Command command = miko_command(fault_words(server_.uri(), {}));
  command.environment.clear();

  const Outcome run = miko::test::run(std::move(command));

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST_F(InputFault, Row84_PasswordFileIsNotSafe) {
  const std::string open = directory_.write_file("open", "s3cret\n", 0644);
  const std::string group = directory_.write_file("group", "s3cret\n", 0640);
  const std::string empty = directory_.write_file("empty", "\ns3cret\n");
  const std::string large = directory_.write_file("large", std::string(5000, 'x'));
  const std::string good = directory_.write_file("good", "s3cret\n");
  const std::string link = directory_.path("link");
  ASSERT_EQ(::symlink(good.c_str(), link.c_str()), 0);
  const std::string fifo = directory_.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);

  for (const std::string& file : {open, group, empty, large, link, fifo, directory_.path("nothing"),
                                  directory_.path(), std::string("/dev/null")}) {
    SCOPED_TRACE(file);
    expect_usage(call({"--password-file", file}));
  }
}

TEST_F(InputFault, Row85_ConfigurationIsBroken) {
  const auto config = [this](std::string_view text) {
    const std::string file = directory_.write_file("config.yaml", text);
    return words({"-c", file, "call", "greeting", "hello"});
  };
  const auto expect_line = [this](const Outcome& run, std::string_view line) {
    expect_usage(run);
    expect_message(run, "config.yaml:" + std::string(line));
  };

  expect_line(config("x: 1\nAMQP_URI: [1\n"), "");
  expect_line(config("x: 1\nAMQP_URI: [1]\n"), "2");
  expect_line(config("- 1\n"), "1");
  expect_line(config("x: 1\n\nHEARTBEAT: soon\n"), "3");
  expect_line(config("AMQP_SSL: perhaps\n"), "1");
  expect_usage(config("AMQP_URI: amqp://ann:s3cret@host:56x/\n"));
  expect_line(config(std::string(100'000, '[')), "");
  expect_usage(words({"-c", directory_.path("nothing"), "call", "greeting", "hello"}));
}

/// The year, as a program sees it whose wall clock jumps.
int year_by_the_jumping_clock() {
  return std::stoi(run({.argv = {"date", "+%Y"}, .environment = with_jumping_clock()}).out);
}

TEST_F(InputFault, Row91_ClockJumps) {
  ASSERT_NE(year_by_the_jumping_clock(), std::stoi(run({.argv = {"date", "+%Y"}}).out));
  const FakeServer slow(after_request([](Peer& peer, const Request& request) {
    peer.pause(milliseconds(300));
    peer.reply(request, hello_ann);
    peer.answer_close();
  }));
  const FakeServer silent(after_request([](Peer& peer, const Request&) { peer.stay_silent(); }));
  const MikoOptions jumping = {.environment = with_jumping_clock()};

  const Outcome answered = fault_call(slow.uri(), {.how = jumping});
  const Outcome timed_out =
      fault_call(silent.uri(), {.timeout = milliseconds(500), .how = jumping});

  EXPECT_EQ(answered.out, "\"Hello, Ann!\"\n") << answered.err;
  expect_fault(timed_out, 124, "timeout", "maybe");
  ASSERT_EQ(silent.requests().size(), 1U);
  EXPECT_LE(std::stoi(silent.requests()[0].properties.expiration.value()), 500);
}

#ifndef __SANITIZE_ADDRESS__  // the sanitizers want descriptors and memory of their own
/// A call under a limit that ulimit sets.
Outcome call_within(const std::string& limit, const std::string& uri, const FaultCall& call = {}) {
  Command command = miko_command(fault_words(uri, call), call.how);
  command.argv.insert(command.argv.begin(),
                      {"/bin/sh", "-c", "ulimit " + limit + R"(; exec "$0" "$@")"});
  return run(std::move(command));
}

TEST_F(InputFault, Row90_DescriptorsRunOut) {
  // Enough of them to get past the start, too few to connect.
  const Outcome run = call_within("-n 5", server_.uri());

  EXPECT_TRUE(run.exit_code == 6 || run.exit_code == 70) << run.exit_code;
  EXPECT_EQ(run.signal, 0);
  EXPECT_EQ(run.error("/error/executed"), "no") << run.err;
  expect_message(run, "Too many open files");
  EXPECT_EQ(server_.connections(), 0);
}

TEST_F(InputFault, Row90_MemoryRunsOut) {
  const Outcome run =
      call_within("-v 120000", server_.uri(),
                  {.options = {"--args", "@-"}, .how = {.input = File{"/dev/zero"}}});

  expect_fault(run, 70, "internal", "maybe");
  expect_message(run, "out of memory");
  EXPECT_EQ(server_.connections(), 0);
}
#endif

}  // namespace
}  // namespace miko::test
