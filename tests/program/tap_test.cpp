// miko tap beside real Nameko services and their callers.

#include <sys/stat.h>

#include <csignal>
#include <regex>

#include "amqp/connection.h"
#include "base/uuid.h"
#include "fault/full_pipe.h"
#include "nameko/endpoints.h"
#include "support/answers.h"
#include "support/causal_proxy.h"
#include "support/eventually.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

using std::chrono::seconds;

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

/// The queue of a service, as Nameko declares it, without instance.
class ServiceQueue {
 public:
  ServiceQueue(const std::string& uri, const std::string& service)
      : queue_("rpc-" + service), connection_(loop_, nameko::connection_options({.broker = uri})) {
    connection_.open(soon());
    connection_.request(amqp::request::DeclareQueue{.queue = queue_, .durable = true}, soon());
    connection_.request(
        amqp::request::BindQueue{
            .queue = queue_, .exchange = "nameko-rpc", .routing_key = service + ".*"},
        soon());
  }
  ~ServiceQueue() { remove(); }
  ServiceQueue(const ServiceQueue&) = delete;
  ServiceQueue& operator=(const ServiceQueue&) = delete;

  void remove() { connection_.request(amqp::request::DeleteQueue{.queue = queue_}, soon()); }

 private:
  static Clock::time_point soon() { return Clock::now() + seconds(20); }

  Loop loop_;
  std::string queue_;
  amqp::Connection connection_;
};

class TapTest : public NamekoTest {
 protected:
  /// A tap that watches what the test does next.
  [[nodiscard]] std::unique_ptr<Child> tap(std::vector<std::string> words, MikoOptions how = {}) {
    words.insert(words.begin(), "tap");
    how.environment.insert({{"AMQP_URI", service().uri}, {"MIKO_TIMEOUT", "20s"}});
    auto child = std::make_unique<Child>(miko_command(std::move(words), std::move(how)));
    child->read_stderr_until("watching");
    return child;
  }

  void call(std::vector<std::string> words) {
    words.insert(words.begin(), {"call", "--timeout", "20s"});
    static_cast<void>(miko(std::move(words)));
  }

  [[nodiscard]] int status_of_call(std::vector<std::string> words) {
    words.insert(words.begin(), {"call", "--timeout", "2s"});
    return miko(std::move(words)).exit_code;
  }
};
MIKO_FOR_BOTH_NAMEKOS(TapTest);

TEST_P(TapTest, ShowsACallWithItsReply) {
  const auto tapping = tap({"lab", "-n", "1"});
  call({"lab", "add", ":=40", "b:=2"});
  const Outcome run = tapping->wait();

  EXPECT_NE(run.out.find(R"("service":"lab","method":"add","args":[40],"kwargs":{"b":2},"ok":true,)"
                         R"("result":42,"error":null,"latency_ms":)"),
            std::string::npos)
      << run.out;
  EXPECT_EQ(run.out.find('\n'), run.out.size() - 1);
  EXPECT_TRUE(json_text_at(run.out, "at").ends_with("Z"));
  EXPECT_EQ(json_text_at(run.out, "origin"),
            "miko.call." + json_text_at(run.out, "correlation_id"));
  EXPECT_EQ(run.exit_code, 0);
}

TEST_P(TapTest, SaysWhatItSawWhenItEnds) {
  const auto tapping = tap({"lab", "-n", "2"});
  call({"lab", "add", ":=1"});
  call({"lab", "boom"});
  const Outcome run = tapping->wait();

  EXPECT_EQ(run.err.find("miko: watching lab\nmiko: 2 calls in "), 0U) << run.err;
  EXPECT_NE(run.err.find(" s: 1 ok, 1 failed, 0 without reply\n"), std::string::npos) << run.err;
}

TEST_P(TapTest, ShowsTheExceptionOfACallThatFailed) {
  const auto tapping = tap({"lab", "-n", "2"});
  call({"lab", "boom"});
  call({"lab", "nosuch"});
  const std::vector<std::string> seen = lines_of(tapping->wait().out);

  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(json_at(seen[0], "ok"), "false");
  EXPECT_EQ(json_text_at(json_at(seen[0], "error"), "code"), "remote_error");
  EXPECT_EQ(json_text_at(json_at(json_at(seen[0], "error"), "remote"), "exc_type"), "Boom");
  EXPECT_EQ(json_text_at(json_at(seen[1], "error"), "code"), "unknown_method");
}

TEST_P(TapTest, ShowsTheCallsThatServicesMake) {
  const auto tapping = tap({"lab", "-n", "2"});
  call({"lab", "inner_context"});
  const std::vector<std::string> seen = lines_of(tapping->wait().out);

  ASSERT_EQ(seen.size(), 2U);
  const std::string& inner = seen[0];
  const std::string& outer = seen[1];
  EXPECT_EQ(json_text_at(inner, "method"), "context");
  EXPECT_EQ(json_text_at(outer, "method"), "inner_context");
  EXPECT_EQ(json_text_at(inner, "parent"), json_text_at(outer, "call_id"));
  EXPECT_EQ(json_text_at(inner, "parent"),
            json_text_at(json_at(inner, "result"), "immediate_parent"));
  EXPECT_EQ(json_text_at(inner, "origin"), json_text_at(outer, "origin"));
}

TEST_P(TapTest, ShowsATransactionAsATree) {
  const auto json = tap({"lab", "--tree", "-n", "1"});
  const auto lines = tap({"lab", "--tree", "-n", "1", "-o", "pretty"});
  call({"lab", "inner_context"});

  const std::string outer = json->wait().out;
  EXPECT_EQ(json_text_at(outer, "method"), "inner_context");
  const std::string inner = json_at(outer, "calls");
  ASSERT_EQ(json_members(inner).size(), 1U) << outer;
  EXPECT_EQ(json_text_at(json_members(inner)[0].value, "method"), "context");
  EXPECT_EQ(json_at(json_members(inner)[0].value, "calls"), "[]");
  const std::vector<std::string> seen = lines_of(lines->wait().out);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_NE(seen[0].find("ok        lab.inner_context() -> {"), std::string::npos) << seen[0];
  EXPECT_NE(seen[1].find("ok          lab.context() -> {"), std::string::npos) << seen[1];
}

TEST_P(TapTest, WatchesTheNamedServicesOnly) {
  const auto tapping = tap({"lab.dotted", "greeting", "-n", "2"});
  call({"lab", "add", ":=1"});
  call({"lab.dotted", "hello", "name=Ann"});
  call({"greeting", "hello", "name=Bob"});
  const std::vector<std::string> seen = lines_of(tapping->wait().out);

  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(json_text_at(seen[0], "service"), "lab.dotted");
  EXPECT_EQ(json_text_at(seen[1], "service"), "greeting");
}

// A queue bound for a service that has none itself would make every caller wait for its timeout.
TEST_P(TapTest, LeavesUnknownServicesUnknownToTheirCallers) {
  const auto tapping = tap({"lab", "nosuch", "-n", "1"});
  const Outcome nameko = miko({"call", "lab", "inner_unknown_service", "--timeout", "20s"});
  const int own = status_of_call({"nosuch", "hello"});
  const Outcome run = tapping->wait();

  EXPECT_EQ(nameko.error("/error/remote/exc_type"), "UnknownService");
  EXPECT_EQ(own, 4);
  EXPECT_NE(run.err.find("miko: waiting for nosuch: no such service here yet\n"), std::string::npos)
      << run.err;
}

TEST_P(TapTest, PicksUpAServiceThatAppearsAndLetsGoOfOneThatIsDeleted) {
  const std::string late = "late-" + random_uuid();
  const auto tapping = tap({"lab", late, "--method", "hello"});
  tapping->read_stderr_until("waiting for " + late);

  ServiceQueue queue(service().uri, late);
  tapping->read_stderr_until("watching " + late);
  EXPECT_EQ(status_of_call({late, "hello"}), 124);
  queue.remove();
  tapping->read_stderr_until("waiting for " + late + ": its queue was deleted");
  EXPECT_EQ(status_of_call({late, "hello"}), 4);

  tapping->send_signal(SIGINT);
  EXPECT_NE(tapping->wait().err.find("1 not answered yet"), std::string::npos);
}

TEST_P(TapTest, ReportsARequestWithoutReplyAfterTheTimeout) {
  const std::string idle = "idle-" + random_uuid();
  ServiceQueue queue(service().uri, idle);
  const auto tapping = tap({idle, "--timeout", "1s", "-n", "1"});
  EXPECT_EQ(miko({"call", idle, "hello", "--timeout", "200ms"}).exit_code, 124);
  const Outcome run = tapping->wait();

  EXPECT_EQ(json_at(run.out, "ok"), "false");
  EXPECT_EQ(json_at(run.out, "latency_ms"), "null");
  EXPECT_EQ(json_text_at(json_at(run.out, "error"), "code"), "timeout");
  EXPECT_EQ(json_text_at(json_at(run.out, "error"), "message"), "no reply in 1 s");
  EXPECT_EQ(run.exit_code, 0);
}

TEST_P(TapTest, ShowsWhatPassesTheFilters) {
  const auto errors = tap({"lab", "--errors", "-n", "1"});
  const auto slow = tap({"lab", "--slow", "200ms", "-n", "1"});
  const auto method = tap({"lab", "--method", "lab.e*", "-n", "1"});
  const auto grep = tap({"lab", "--grep", "é", "-n", "1"});
  call({"lab", "add", ":=1"});
  call({"lab", "slow", ":=0.3"});
  call({"lab", "boom"});
  call({"lab", "echo", "=é"});

  EXPECT_EQ(json_text_at(errors->wait().out, "method"), "boom");
  EXPECT_EQ(json_text_at(slow->wait().out, "method"), "slow");
  EXPECT_EQ(json_text_at(method->wait().out, "method"), "echo");
  const Outcome run = grep->wait();
  EXPECT_EQ(json_text_at(run.out, "method"), "echo");
  EXPECT_NE(run.err.find("4 calls in "), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("; 1 shown"), std::string::npos) << run.err;
}

TEST_P(TapTest, ShortensLongValuesUnlessTheyAreWanted) {
  const auto shortening = tap({"lab", "-n", "1"});
  const auto full = tap({"lab", "--full", "-n", "1"});
  call({"lab", "big", ":=5000"});

  EXPECT_EQ(json_at(shortening->wait().out, "omitted"), R"({"result":5002})");
  EXPECT_EQ(json_text_at(full->wait().out, "result"), std::string(5000, 'x'));
}

TEST_P(TapTest, RecordsWholeCallsForTheOwnersEyes) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("calls.jsonl", "of another day\n", 0644);
  const auto tapping = tap({"lab", "-n", "1", "-o", "none", "--record", file});
  call({"lab", "big", ":=5000"});
  const Outcome run = tapping->wait();

  EXPECT_EQ(run.out, "");
  EXPECT_EQ(json_text_at(read_file(file), "result"), std::string(5000, 'x'));
  struct stat status = {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_P(TapTest, ShowsNoHeadersButTheCallIds) {
  const auto tapping = tap({"lab", "-n", "1", "--full"});
  call({"lab", "nothing", "--ctx", "auth_token=hush", "-H", "X-Key:hush"});
  const Outcome run = tapping->wait();

  EXPECT_EQ(run.out.find("hush"), std::string::npos) << run.out;
}

TEST_P(TapTest, ShowsALineForEyesOnATerminal) {
  const auto tapping = tap({"lab", "-n", "2", "--color", "never"}, {.output = Terminal{}});
  call({"lab", "shout", "=\x1b[31m"});
  call({"lab", "echo", "=Jürgen"});
  const std::vector<std::string> seen = lines_of(tapping->wait().out);

  ASSERT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen[0].ends_with(R"(Boom      lab.shout("\u001b[31m") -> \x1b[31m)")) << seen[0];
  EXPECT_TRUE(seen[1].ends_with(R"(ok        lab.echo("Jürgen") -> "Jürgen")")) << seen[1];
}

TEST_P(TapTest, ColoursALineOnATerminalUnlessToldNotTo) {
  const auto coloured =
      tap({"lab", "-n", "1"}, {.environment = {{"TERM", "xterm"}}, .output = Terminal{}});
  const auto plain = tap({"lab", "-n", "1"}, {.environment = {{"TERM", "xterm"}, {"NO_COLOR", "1"}},
                                              .output = Terminal{}});
  call({"lab", "boom"});

  EXPECT_NE(coloured->wait().out.find("\x1b[31mBoom\x1b[0m"), std::string::npos);
  EXPECT_EQ(plain->wait().out.find('\x1b'), std::string::npos);
}

TEST_P(TapTest, EndsWhenItsTimeIsOver) {
  const Outcome run = miko({"tap", "lab.dotted", "--for", "100ms", "--timeout", "20s"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "");
  EXPECT_NE(run.err.find("miko: 0 calls in 0.1 s"), std::string::npos) << run.err;
}

TEST_P(TapTest, EndsPolitelyOnCtrlC) {
  const auto tapping = tap({"lab"});
  call({"lab", "add", ":=1"});
  tapping->read_stdout_until("\n");
  tapping->send_signal(SIGINT);
  const Outcome run = tapping->wait();

  EXPECT_EQ(run.exit_code, 130);
  EXPECT_NE(run.err.find("miko: 1 call in "), std::string::npos) << run.err;
}

TEST_P(TapTest, ASlowReaderLosesLinesAndStopsNothing) {
  const FullPipe pipe;
  pipe.fill();
  const TemporaryDirectory directory;
  const std::string record = directory.path("seen.jsonl");
  const auto tapping =
      tap({"lab", "--full", "--record", record}, {.output = File{.path = pipe.path()}});
  for (int i = 0; i < 4; ++i) {
    call({"lab", "big", ":=5000000", "-o", "none"});
  }
  tapping->read_stderr_until("the reader of stdout is too slow");
  ASSERT_TRUE(eventually([&record] { return lines_of(read_file(record)).size() == 4; }));
  tapping->send_signal(SIGINT);
  const Outcome run = tapping->wait();

  EXPECT_EQ(run.exit_code, 130);
  EXPECT_TRUE(std::regex_search(
      run.err, std::regex(R"(4 ok, .*; [12] dropped because the reader of stdout is too slow)")))
      << run.err;
}

TEST_P(TapTest, SaysThatItLostTheBroker) {
  const CausalProxy proxy({.server_port = lab().port(),
                           .delay = std::chrono::milliseconds(1),
                           .cut = Cut{.direction = Direction::to_client, .after_bytes = 5000}});
  const auto tapping = tap({"lab", "--port", std::to_string(proxy.port())});
  call({"lab", "big", ":=5000"});
  const Outcome run = tapping->wait();

  EXPECT_EQ(run.exit_code, 9);
  EXPECT_EQ(run.error("/error/code"), "connection_lost");
  EXPECT_NE(run.err.find("1 not answered yet"), std::string::npos) << run.err;
}

TEST_P(TapTest, WantsNamesWhereThereIsNoManagementApi) {
  const Outcome run = miko({"tap", "--management", "http://127.0.0.1:1"});

  EXPECT_EQ(run.exit_code, 6);
  EXPECT_EQ(run.error("/error/message").find("no management API at http://127.0.0.1:1: "), 0U);
  EXPECT_NE(run.error("/error/hint").find("where services are named, this works without"),
            std::string::npos);
}

/// The broker alone decides about rights, whatever Nameko runs there.
class TapRights : public TapTest {};
INSTANTIATE_TEST_SUITE_P(On, TapRights, testing::Values(nameko_2), nameko_name);

TEST_P(TapRights, NeedsNoRightsButThoseTheManualNames) {
  const User user = {.name = "tapping-" + random_uuid(), .password = "tapping"};
  ASSERT_EQ(lab().rabbitmqctl({"add_user", user.name, user.password}).exit_code, 0);
  ASSERT_EQ(lab()
                .rabbitmqctl({"set_permissions", user.name, "^rpc\\.reply-miko-.*",
                              lab().hides_from_strangers() ? "^(rpc\\.reply-miko|rpc)-.*"
                                                           : "^rpc\\.reply-miko-.*",
                              "^(rpc\\.reply-miko-.*|nameko-rpc)$"})
                .exit_code,
            0);
  const auto tapping = tap({"lab", "nosuch", "-n", "1", "-b", lab().uri(user)});
  call({"lab", "add", ":=1"});

  EXPECT_EQ(json_text_at(tapping->wait().out, "method"), "add");
  EXPECT_EQ(lab().rabbitmqctl({"delete_user", user.name}).exit_code, 0);
}

}  // namespace
}  // namespace miko::test
