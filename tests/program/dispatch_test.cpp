// miko dispatch to handlers of real Nameko services.

#include <csignal>

#include "miko.h"
#include "support/answers.h"
#include "support/event_lines.h"
#include "support/fake_server.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class DispatchTest : public NamekoTest {
 protected:
  [[nodiscard]] Outcome dispatch(std::vector<std::string> words, Input input = File{}) const {
    words.insert(words.begin(), {"dispatch", "--timeout", "20s"});
    return miko(std::move(words), {.input = std::move(input)});
  }

  /// Waits for the line that the service's handler `handler` leaves.
  [[nodiscard]] bool handled(const std::string& handler, const std::string& data) const {
    return eventually([&] { return count_of(handler_lines(service()), handler + " " + data) > 0; });
  }
};
MIKO_FOR_BOTH_NAMEKOS(DispatchTest);

TEST_P(DispatchTest, MakesAnObjectOfItems) {
  const Outcome run = dispatch({"shop", "paid", "id:=7", "test=items"});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out + run.err, "");
  EXPECT_TRUE(handled("watcher.pool", R"({"id": 7, "test": "items"})"));
}

TEST_P(DispatchTest, TakesAnyJsonFromWordsFilesAndStandardInput) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("event.json", "[1, \"file\"]");

  EXPECT_EQ(dispatch({"shop.paid", "--data", "\"data\""}).exit_code, 0);
  EXPECT_EQ(dispatch({"shop.paid", "--data", "@" + file}).exit_code, 0);
  EXPECT_EQ(dispatch({"shop.paid", "--data", "@-"}, Text{"[2, \"stdin\"]"}).exit_code, 0);
  EXPECT_EQ(dispatch({"shop.paid", ":=[3, \"item\"]"}).exit_code, 0);
  EXPECT_EQ(dispatch({"shop.paid"}).exit_code, 0);

  for (const char* data : {"data", "[1, \"file\"]", "[2, \"stdin\"]", "[3, \"item\"]", "null"}) {
    EXPECT_TRUE(handled("watcher.pool", data)) << data;
  }
}

TEST_P(DispatchTest, SendsContextAndHeaders) {
  const Outcome run =
      dispatch({"shop", "paid", "test=context", "--ctx", "user_id:=7", "-H", "plain: text"});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(handled("watcher.pool", R"({"test": "context"} {"plain": "text", "user_id": 7})"));
}

TEST_P(DispatchTest, AMissingExchangeIsToldAndNotMade) {
  const Outcome run = dispatch({"nosuch", "paid", "a=b"});
  const Outcome again = dispatch({"nosuch", "paid", "a=b"});

  for (const Outcome& one : {run, again}) {
    EXPECT_EQ(one.exit_code, 4) << one.err;
    EXPECT_EQ(one.error("/error/code"), "unknown_service");
    EXPECT_EQ(one.error("/error/executed"), "no");
    EXPECT_EQ(one.error("/error/message"),
              "no exchange 'nosuch.events' here, so no service 'nosuch' dispatches events");
  }
}

TEST_P(DispatchTest, RequireHandlerFailsWhenNobodyIsBound) {
  const Outcome nobody = dispatch({"shop", "unheard", "--require-handler"});

  EXPECT_EQ(nobody.exit_code, 4) << nobody.err;
  EXPECT_EQ(nobody.error("/error/code"), "no_instance");
  EXPECT_EQ(nobody.error("/error/message"), "nobody handles this event of 'shop'");
  EXPECT_EQ(dispatch({"shop", "unheard"}).exit_code, 0);
  EXPECT_EQ(dispatch({"shop", "paid", "--require-handler"}).exit_code, 0);
}

TEST_P(DispatchTest, ADryRunShowsTheMessage) {
  const Outcome run = miko({"dispatch", "orders", "paid", "a:=1.10", "--dry-run"});

  EXPECT_EQ(run.out,
            R"({"exchange":"orders.events","routing_key":"paid","mandatory":false,)"
            R"("properties":{"content_type":"application/json","content_encoding":"utf-8",)"
            R"("headers":{},"delivery_mode":2,"priority":0},"body":{"a":1.10}})"
            "\n");
}

TEST_P(DispatchTest, RefusesWhatIsNoOneValue) {
  EXPECT_EQ(dispatch({"shop", "paid", "=a", "=b"}).exit_code, 2);
  EXPECT_EQ(dispatch({"shop", "paid", "=a", "k=b"}).exit_code, 2);
  EXPECT_EQ(dispatch({"shop", "paid", "k=b", "--data", "1"}).exit_code, 2);
  EXPECT_EQ(dispatch({"shop", "paid", "--data", "{]"}).error("/error/at/column"), "2");
  EXPECT_EQ(dispatch({"shop", "paid", "k=b", "--lines"}).exit_code, 2);
  EXPECT_EQ(dispatch({"shop"}).error("/error/message"), "no event named for service 'shop'");
  EXPECT_EQ(dispatch({"shop"}).error("/error/hint"), "write SERVICE EVENT or SERVICE.EVENT");
}

TEST_P(DispatchTest, DispatchesAnEventForEachLine) {
  const Outcome run = dispatch({"shop", "paid", "--lines"}, Text{"{\"line\": 1}\n[\"line\",\n2]"});

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out + run.err, "");
  EXPECT_TRUE(handled("watcher.pool", R"({"line": 1})"));
  EXPECT_TRUE(handled("watcher.pool", R"(["line", 2])"));
}

TEST_P(DispatchTest, ALineThatIsNoJsonIsToldAndTheRestGoesOn) {
  const Outcome run =
      dispatch({"shop", "paid", "--lines"}, Text{"[\"before\"]\n{]\n[\"behind\"]\n"});

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(json_at(run.out, "index"), "1") << run.out;
  EXPECT_EQ(json_at(json_at(run.out, "error"), "message"),
            R"("not JSON at line 2, column 2: expected a key or '}'")");
  EXPECT_EQ(run.err, "miko: 2 of 3 events dispatched; failed: usage 1\n");
  EXPECT_TRUE(handled("watcher.pool", R"(["behind"])"));
  EXPECT_EQ(dispatch({"shop", "paid", "--lines"}, Text{"{]\n"}).exit_code, 1);
}

TEST_P(DispatchTest, LinesWithoutAHandlerAreToldOneByOne) {
  const Outcome run =
      dispatch({"shop", "unheard", "--lines", "--require-handler"}, Text{"1 2 3\n"});

  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 3) << run.out;
  EXPECT_NE(run.out.find(R"({"index":2,"error":{"code":"no_instance")"), std::string::npos);
}

TEST(DispatchLines, ALostConnectionIsToldWithWhatWasConfirmed) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.ack(peer.read_request());
    peer.ack(peer.read_request());
    static_cast<void>(peer.read_request());
    peer.close();
  });
  Child child(
      miko_command({"dispatch", "s", "e", "--lines", "-b", server.uri()}, {.input = Pipe{}}));

  child.write_input("0 1 2 ");
  const Outcome run = child.wait();

  EXPECT_EQ(run.exit_code, 9) << run.err;
  EXPECT_NE(run.error("/error/message").find("2 of 3 events dispatched, 1 maybe, 0 not"),
            std::string::npos)
      << run.err;
  EXPECT_EQ(run.error("/error/hint"), "values 3 and up (counted from 0) were not sent");
  EXPECT_NE(run.out.find(R"({"index":2,"error":{"code":"connection_lost")"), std::string::npos)
      << run.out;
}

TEST(DispatchLines, CtrlCIsToldWithCounts) {
  MIKO_NEEDS_BROKER();
  const Lab& here = lab();
  MIKO_NEEDS_NAMEKO(nameko_2);
  Child child(
      miko_command({"dispatch", "shop", "unheard", "--lines", "--require-handler"},
                   {.environment = {{"AMQP_URI", here.service(nameko_2).uri}}, .input = Pipe{}}));
  child.write_input("0 ");
  child.read_stdout_until("no_instance");

  child.send_signal(SIGINT);
  const Outcome run = child.wait();

  EXPECT_EQ(run.signal, SIGINT);
  EXPECT_NE(run.error("/error/message").find("interrupted; 0 of 1 events dispatched"),
            std::string::npos)
      << run.err;
}

TEST(DispatchLines, EventsThatAreNotConfirmedInTimeMayHaveBeenDispatched) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    static_cast<void>(peer.read_request());
    peer.stay_silent();
  });

  const Outcome run = miko({"dispatch", "s", "e", "--timeout", "300ms", "-b", server.uri()});

  EXPECT_EQ(run.exit_code, 124);
  EXPECT_EQ(run.error("/error/executed"), "maybe");
}

TEST(DispatcherOfTheLibrary, DispatchesManyEventsOverOneConnection) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  Dispatcher shop({.broker = lab().service(nameko_2).uri, .timeout = std::chrono::seconds(20)},
                  "shop");
  int confirmed = 0;

  EXPECT_FALSE(shop.dispatch("paid", {.data = "\"library\"", .require_handler = true}));
  EXPECT_EQ(shop.dispatch("unheard", {.require_handler = true})->kind, ErrorKind::no_instance);
  for (int i = 0; i < 3000; ++i) {
    shop.start("unheard", {.data = std::to_string(i)},
               [&confirmed](const std::optional<Failure>& failure) { confirmed += !failure; });
  }
  shop.wait();

  EXPECT_EQ(confirmed, 3000);
  EXPECT_EQ(shop.in_flight(), 0U);
  shop.close();
}

}  // namespace
}  // namespace miko::test
