// miko listen against a real broker.

#include <csignal>
#include <map>
#include <regex>

#include "base/uuid.h"
#include "nameko/listener.h"
#include "support/answers.h"
#include "support/broker_tools.h"
#include "support/causal_proxy.h"
#include "support/eventually.h"
#include "support/miko_program.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; text.find('\n', at) != std::string::npos;) {
    const std::size_t end = text.find('\n', at);
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// Events of a service of the test's own, of which only the exchange exists.
class ListenTest : public testing::Test {
 protected:
  void SetUp() override {
    MIKO_NEEDS_BROKER();
    own_ = std::make_unique<OwnConnection>(lab().uri());
    declare(service_);
  }

  void TearDown() override {
    if (own_) {
      own_->ask(amqp::request::DeleteQueue{.queue = "rpc.reply-miko-listen-" + service_});
    }
  }

  void declare(const std::string& service) {
    own_->ask(amqp::request::DeclareExchange{.exchange = service + ".events"});
  }

  static Outcome miko_at_lab(std::vector<std::string> words, Input input = File{}) {
    words.insert(words.end(), {"--timeout", "20s"});
    return miko(words, {.environment = {{"AMQP_URI", lab().uri()}}, .input = std::move(input)});
  }

  void dispatch(const std::string& type, const std::string& data) {
    own_->publish({.exchange = service_ + ".events", .routing_key = type, .body = data});
  }

  /// Dispatches the numbers from 0 to `count` - 1.
  void dispatch_numbers(int count) const {
    std::string numbers;
    for (int i = 0; i < count; ++i) {
      numbers += std::to_string(i) + '\n';
    }
    const Outcome run = miko_at_lab({"dispatch", service_, "number", "--lines"}, Text{numbers});
    EXPECT_EQ(run.exit_code, 0) << run.err;
  }

  /// A listener that is bound.
  [[nodiscard]] std::unique_ptr<Child> listen(std::vector<std::string> words,
                                              MikoOptions options = {}) const {
    words.insert(words.begin(), {"listen", service_, "--timeout", "20s"});
    options.environment.emplace("AMQP_URI", lab().uri());
    auto child = std::make_unique<Child>(miko_command(words, std::move(options)));
    child->read_stderr_until("listening");
    return child;
  }

  [[nodiscard]] bool durable_queue_has(std::uint32_t events) const {
    return eventually([&] {
      const amqp::Answer answer = own_->ask(amqp::request::DeclareQueue{
          .queue = "rpc.reply-miko-listen-" + service_, .passive = true});
      return answer.granted() && answer.message_count == events;
    });
  }

  const std::string service_ = "listened-" + random_uuid();
  std::unique_ptr<OwnConnection> own_ = nullptr;
};

TEST_F(ListenTest, PrintsEventsAsLinesOfJson) {
  const std::unique_ptr<Child> child = listen({"-n", "2"});

  dispatch("paid", R"({ "id": 1.10 })");
  own_->publish({.exchange = service_ + ".events",
                 .routing_key = "sent",
                 .properties = {.headers = {{"nameko.user_id", {.value = std::int64_t{7}}}}},
                 .body = "null"});
  const Outcome run = child->wait();

  EXPECT_EQ(run.exit_code, 0) << run.err;
  const std::vector<std::string> lines = lines_of(run.out);
  ASSERT_EQ(lines.size(), 2U) << run.out;
  EXPECT_EQ(lines[0].find(R"({"service":")" + service_ +
                          R"(","event":"paid","data":{"id":1.10},"headers":{},"at":"2)"),
            0U)
      << lines[0];
  EXPECT_EQ(json_at(lines[1], "headers"), R"({"nameko.user_id":7})");
}

TEST_F(ListenTest, TakesTheEventsThatAreNamedOfEachService) {
  const std::string other = service_ + "-other";
  declare(other);
  const std::unique_ptr<Child> child =
      listen({"paid", "refund.*", "--also", other + "=sent", "-n", "3"});

  dispatch("sent", "\"no\"");
  dispatch("refund", "\"no\"");
  dispatch("paid", "1");
  dispatch("refund.late", "2");
  own_->publish({.exchange = other + ".events", .routing_key = "paid", .body = "\"no\""});
  own_->publish({.exchange = other + ".events", .routing_key = "sent", .body = "3"});

  std::string data;
  for (const std::string& line : lines_of(child->wait().out)) {
    data += json_at(line, "data");
  }
  EXPECT_EQ(data, "123");
}

TEST_F(ListenTest, EndsAfterATimeAndSaysWhatDidNotCome) {
  EXPECT_EQ(miko_at_lab({"listen", service_, "--for", "50ms"}).exit_code, 0);

  const Outcome run = miko_at_lab({"listen", service_, "--for", "50ms", "-n", "1"});
  EXPECT_EQ(run.exit_code, 124);
  EXPECT_EQ(run.error("/error/message"), "0 of 1 events came in time");
}

TEST_F(ListenTest, CtrlCIsTheNormalEndUnlessEventsWereCounted) {
  const std::unique_ptr<Child> child = listen({});
  child->send_signal(SIGINT);
  EXPECT_EQ(child->wait().exit_code, 0);

  const std::unique_ptr<Child> counting = listen({"-n", "1"});
  counting->send_signal(SIGINT);
  const Outcome run = counting->wait();
  EXPECT_EQ(run.exit_code, 130);
  EXPECT_EQ(run.error("/error/message"), "interrupted; 0 of 1 events came");
}

TEST_F(ListenTest, IsReadableOnATerminal) {
  const std::unique_ptr<Child> child =
      listen({"-n", "1", "--color", "always"}, {.output = Terminal{}});

  dispatch("paid", R"({"id":7})");

  EXPECT_NE(child->wait().out.find("\x1b[1m" + service_ + ".paid\x1b[0m  {\"id\":7}"),
            std::string::npos);
}

TEST_F(ListenTest, RunsAProgramForEachEvent) {
  const TemporaryDirectory directory;
  const std::string file = directory.path("out");
  const std::unique_ptr<Child> child = listen(
      {"-n", "3", "--exec", "echo $MIKO_EVENT >> " + file + "; cat; test $MIKO_EVENT != bad"});

  dispatch("first", "1");
  dispatch("bad", "2");
  dispatch("third", "3");
  const Outcome run = child->wait();

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(read_file(file), "first\nbad\nthird\n");
  EXPECT_EQ(lines_of(run.out).size(), 3U);
  EXPECT_NE(run.err.find("the program ended with 1 for an event " + service_ + ".bad"),
            std::string::npos);
  EXPECT_NE(run.err.find("the program failed for 1 of 3 events"), std::string::npos);
}

TEST_F(ListenTest, ADurableQueueCollectsBetweenRunsAndCanBeDeleted) {
  std::unique_ptr<Child> child = listen({"--durable", service_, "-n", "1"});
  dispatch("number", "1");
  EXPECT_EQ(child->wait().exit_code, 0);
  dispatch("number", "2");
  dispatch("number", "3");

  child = listen({"--durable", service_, "-n", "1"});
  const Outcome second = child->wait();
  EXPECT_EQ(json_at(second.out, "data"), "2");
  EXPECT_NE(second.err.find("2 events are waiting"), std::string::npos) << second.err;
  EXPECT_TRUE(durable_queue_has(1));

  const Outcome deleted = miko_at_lab({"listen", "--durable", service_, "--delete"});
  EXPECT_EQ(deleted.exit_code, 0);
  EXPECT_NE(deleted.err.find("1 events"), std::string::npos) << deleted.err;
  const Outcome again = miko_at_lab({"listen", "--durable", service_, "--delete"});
  EXPECT_EQ(again.exit_code, 4);
  EXPECT_EQ(again.error("/error/message"), "there is no durable queue '" + service_ + "'");
}

TEST_F(ListenTest, ADurableQueueInUseIsNotDeleted) {
  const std::unique_ptr<Child> child = listen({"--durable", service_});

  const Outcome run = miko_at_lab({"listen", "--durable", service_, "--delete"});

  EXPECT_EQ(run.exit_code, 7);
  EXPECT_EQ(run.error("/error/message"),
            "somebody listens with the durable queue '" + service_ + "'");
}

TEST_F(ListenTest, AProgramThatFailsLeavesItsEventInTheDurableQueue) {
  const std::unique_ptr<Child> child =
      listen({"--durable", service_, "--exec", "test $MIKO_EVENT = good"});

  dispatch("good", "1");
  dispatch("bad", "2");
  dispatch("good", "3");
  const Outcome run = child->wait();

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.error("/error/message"),
            "the program ended with 1 for an event " + service_ + ".bad");
  EXPECT_TRUE(durable_queue_has(2));
}

TEST_F(ListenTest, NothingOfADurableQueueIsLostWhenTheListenerIsKilled) {
  constexpr int count = 3000;
  const TemporaryDirectory directory;
  const std::string first = directory.path("first");
  const std::string second = directory.path("second");
  const std::unique_ptr<Child> victim = listen({"--durable", service_}, {.output = File{first}});
  dispatch_numbers(count / 2);
  ASSERT_TRUE(eventually([&] { return lines_of(read_file(first)).size() > 100; }));

  victim->send_signal(SIGKILL);
  EXPECT_EQ(victim->wait().exit_code, 137);
  const std::unique_ptr<Child> successor =
      listen({"--durable", service_}, {.output = File{second}});
  dispatch_numbers(count / 2);

  std::map<std::string, int> times;
  const auto all_came = [&] {
    times.clear();
    for (const std::string& file : {first, second}) {
      for (const std::string& line : lines_of(read_file(file))) {
        ++times[json_at(line, "data")];
      }
    }
    // Each number was dispatched twice.
    return times.size() == count / 2 &&
           std::all_of(times.begin(), times.end(), [](const auto& one) { return one.second >= 2; });
  };
  EXPECT_TRUE(eventually(all_came, std::chrono::seconds(20)));
  int duplicates = 0;
  for (const auto& [data, number] : times) {
    duplicates += number - 2;
  }
  EXPECT_LE(duplicates, 200) << "no more than were not acknowledged";
  successor->send_signal(SIGTERM);
  EXPECT_EQ(successor->wait().exit_code, 0);
  EXPECT_TRUE(durable_queue_has(0));
}

TEST_F(ListenTest, ASlowReaderCostsEventsThatAreCountedAndNotTheConnection) {
  const TemporaryDirectory directory;
  const std::string errors = directory.path("errors");
  Child child(miko_command(
      {"listen", service_, "--no-reconnect"},
      {.environment = {{"AMQP_URI", lab().uri() + "?heartbeat=1"}}, .errors = File{errors}}));
  const auto said = [&errors](std::string_view words) {
    return eventually([&] { return read_file(errors).find(words) != std::string::npos; });
  };
  ASSERT_TRUE(said("listening"));

  dispatch_numbers(20'000);
  ASSERT_TRUE(said("dropping the oldest")) << read_file(errors);
  // The broker gives a client up that is silent for two heartbeats.
  EXPECT_EQ(miko_at_lab({"listen", service_, "--for", "3s"}).exit_code, 0);
  child.send_signal(SIGINT);
  const Outcome run = child.wait();

  EXPECT_EQ(run.exit_code, 3) << read_file(errors);
  std::smatch counts;
  const std::string text = std::regex_replace(read_file(errors), std::regex(","), "");
  ASSERT_TRUE(std::regex_search(text, counts, std::regex("([0-9]+) of ([0-9]+) events were")))
      << text;
  EXPECT_GT(std::stoul(counts[1]), 0U);
  EXPECT_EQ(lines_of(run.out).size() + std::stoul(counts[1]), std::stoul(counts[2]));
}

TEST_F(ListenTest, ConnectsAgainWhenTheConnectionIsLost) {
  const CausalProxy proxy({.server_port = lab().port(),
                           .delay = std::chrono::milliseconds(1),
                           .cut = Cut{.direction = Direction::to_client, .after_bytes = 5000}});
  std::string uri = lab().uri();
  uri.replace(uri.find(std::to_string(lab().port())), std::to_string(lab().port()).size(),
              std::to_string(proxy.port()));
  const TemporaryDirectory directory;
  const std::string out = directory.path("out");
  const std::unique_ptr<Child> child =
      listen({"-b", uri, "--durable", service_}, {.output = File{out}});

  for (int i = 0; proxy.connections() < 2 || i < 3; ++i) {
    const std::string data = "\"" + std::to_string(i) + std::string(1000, 'x') + "\"";
    dispatch("number", data);
    ASSERT_TRUE(eventually([&] { return read_file(out).find(data) != std::string::npos; })) << i;
  }
  child->read_stderr_until("connected again");
  child->send_signal(SIGINT);
  const Outcome run = child->wait();

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.err.find("was lost: "), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("; connecting again in 0.5 s"), std::string::npos) << run.err;
}

TEST_F(ListenTest, MayEndWhenTheConnectionIsLost) {
  const std::unique_ptr<Child> child = listen({"--durable", service_, "--no-reconnect"});

  own_->ask(amqp::request::DeleteQueue{.queue = "rpc.reply-miko-listen-" + service_});
  const Outcome run = child->wait();

  EXPECT_EQ(run.exit_code, 9);
  EXPECT_EQ(run.error("/error/code"), "connection_lost");
}

TEST(ListenOptions, ThatCannotBeAreRefused) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"listen"},
                                             {"listen", "s", "--durable", "a b"},
                                             {"listen", "s", "--durable", ""},
                                             {"listen", "s", "--exec", " "},
                                             {"listen", "s", "--delete"},
                                             {"listen", "s", "--durable", "x", "--delete"},
                                             {"listen", "s", "-n", "0"},
                                             {"listen", "s", "--for", "5000"},
                                             {"listen", "s", ""},
                                             {"listen", "s", "-o", "raw"}}) {
    EXPECT_EQ(miko(words).exit_code, 2) << words.back();
  }
}

TEST_F(ListenTest, TheLibraryGivesEachEventToItsCallback) {
  std::vector<std::string> heard;
  Listener listener({.broker = lab().uri()}, {.subscriptions = {{.service = service_}}},
                    [&heard](const Event& event) { heard.push_back(event.type + event.data); });
  listener.open(Clock::now() + std::chrono::seconds(20));

  dispatch("paid", "1");
  dispatch("sent", "2");
  EXPECT_TRUE(eventually([&] {
    listener.run_once({}, Clock::now() + std::chrono::milliseconds(100));
    return heard.size() == 2;
  }));

  EXPECT_EQ(heard, (std::vector<std::string>{"paid1", "sent2"}));
  listener.close();
}

}  // namespace
}  // namespace miko::test
