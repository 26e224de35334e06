// The protocol of Nameko's events, point by point. Numbers are those of the checklist kept with the
// project's notes on the protocol.

#include "support/answers.h"
#include "support/broker_tools.h"
#include "support/event_lines.h"
#include "support/nameko_test.h"

namespace miko::test {
namespace {

class EventConformanceTest : public NamekoTest {
 protected:
  /// `data` is JSON as the handlers write it.
  void dispatch(const std::string& data) const {
    const Outcome run = miko({"dispatch", "shop", "paid", "--data", data, "--timeout", "20s"});
    EXPECT_EQ(run.exit_code, 0) << run.err;
  }

  [[nodiscard]] bool eventually_handled(const std::string& handler, const std::string& data) const {
    return eventually([&] { return times(handler, data) > 0; });
  }

  [[nodiscard]] int times(const std::string& handler, const std::string& data) const {
    return count_of(handler_lines(service()), handler + " " + data);
  }

  /// A listener that is bound.
  [[nodiscard]] std::unique_ptr<Child> listen(std::vector<std::string> words) const {
    words.insert(words.begin(), {"listen", "--timeout", "20s"});
    auto child = std::make_unique<Child>(
        miko_command(words, {.environment = {{"AMQP_URI", service().uri}}}));
    child->read_stderr_until("listening");
    return child;
  }

  static constexpr std::string_view handlers_[] = {"watcher.pool",      "observer.pool",
                                                   "watcher.fleeting",  "singleton",
                                                   "watcher.broadcast", "observer.broadcast"};
};
MIKO_FOR_BOTH_NAMEKOS(EventConformanceTest);

TEST_P(EventConformanceTest, C40_AnEventReachesHandlersOfEachType) {
  dispatch("\"C40\"");

  for (const std::string_view handler : handlers_) {
    EXPECT_TRUE(eventually_handled(std::string(handler), "C40")) << handler;
  }
}

TEST_P(EventConformanceTest, C41_ASingletonQueueOfTwoServicesGetsEachEventOnce) {
  for (int i = 0; i < 10; ++i) {
    dispatch("\"C41-" + std::to_string(i) + "\"");
  }

  for (int i = 0; i < 10; ++i) {
    const std::string data = "C41-" + std::to_string(i);
    EXPECT_TRUE(eventually_handled("singleton", data)) << i;
    EXPECT_TRUE(eventually_handled("watcher.pool", data)) << i;
    EXPECT_TRUE(eventually_handled("observer.pool", data)) << i;
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(times("singleton", "C41-" + std::to_string(i)), 1) << i;
  }
}

TEST_P(EventConformanceTest, C42_EventsOfAServiceCarryTheCallIdStackAndOthersNoHeaders) {
  const std::unique_ptr<Child> listener = listen({"shop", "C42", "-n", "2"});

  EXPECT_EQ(miko({"call", "shop", "dispatch", "=C42", ":=1"}).exit_code, 0);
  listener->read_stdout_until("\n");
  EXPECT_EQ(miko({"dispatch", "shop", "C42", ":=2"}).exit_code, 0);
  const Outcome run = listener->wait();

  const std::size_t second = run.out.find('\n') + 1;
  const std::string stack =
      json_at(json_at(run.out.substr(0, second), "headers"), "nameko.call_id_stack");
  EXPECT_NE(stack.find("\"miko.call."), std::string::npos) << run.out;
  EXPECT_NE(stack.find("\"shop.dispatch."), std::string::npos) << run.out;
  EXPECT_EQ(json_at(run.out.substr(second), "headers"), "{}");
}

TEST_P(EventConformanceTest, C42_EventsOfNamekosStandaloneDispatcherCarryNoHeaders) {
  const std::unique_ptr<Child> listener = listen({"shop", "C42-standalone", "-n", "1"});
  const std::string nameko = service().command[service().command.size() - 5];
  const std::string python = nameko.substr(0, nameko.rfind('/')) + "/python";
  const std::string script = R"(
import os
import nameko
from nameko.standalone.events import event_dispatcher
config = {"AMQP_URI": os.environ["AMQP_URI"]}
if hasattr(nameko, "config"):
    nameko.config.setup(config)
    dispatch = event_dispatcher()
else:
    dispatch = event_dispatcher(config)
dispatch("shop", "C42-standalone", {"b": [1, None], "a": "\u00e9"})
)";

  const Outcome dispatched =
      run({.argv = {python, "-c", script}, .environment = {{"AMQP_URI", service().uri}}});
  ASSERT_EQ(dispatched.exit_code, 0) << dispatched.err;

  const Outcome heard = listener->wait();
  EXPECT_EQ(heard.out.find(
                R"({"service":"shop","event":"C42-standalone","data":{"b":[1,null],"a":"\u00e9"},)"
                R"("headers":{},"at":)"),
            0U)
      << heard.out;
}

TEST_P(EventConformanceTest, C43_AListenerGetsCopiesAndHandlersKeepTheirs) {
  const std::unique_ptr<Child> listener = listen({"shop"});

  dispatch("\"C43\"");

  listener->read_stdout_until(R"("event":"paid","data":"C43")");
  for (const std::string_view handler : handlers_) {
    EXPECT_TRUE(eventually_handled(std::string(handler), "C43")) << handler;
  }
}

TEST_P(EventConformanceTest, C44_AMissingExchangeIsToldAndNotMade) {
  for (const char* command : {"listen", "dispatch", "listen", "dispatch"}) {
    const Outcome run = miko({command, "nosuch", "paid"});

    EXPECT_EQ(run.exit_code, 4) << run.err;
    EXPECT_EQ(run.error("/error/code"), "unknown_service");
    EXPECT_EQ(run.error("/error/executed"), "no");
  }
}

TEST_P(EventConformanceTest, C45_ADurableQueueKeepsEventsAndAnEventWithoutSubscriberIsReturned) {
  const std::string type = "C45";
  const std::string queue = "C45";
  const auto required = [&] {
    return miko({"dispatch", "shop", type, "--require-handler"}).exit_code;
  };
  EXPECT_EQ(required(), 4);
  EXPECT_EQ(miko({"listen", "shop", type, "--durable", queue, "--for", "1ms"}).exit_code, 0);
  EXPECT_EQ(required(), 0);

  const Outcome later = miko({"listen", "shop", type, "--durable", queue, "-n", "1"});

  EXPECT_EQ(json_at(later.out, "data"), "null") << later.err;
  EXPECT_EQ(miko({"listen", "--durable", queue, "--delete"}).exit_code, 0);
  EXPECT_EQ(required(), 4);
}

TEST_P(EventConformanceTest, C46_WhatCannotBeReadIsToldAndHandlersGoOn) {
  const std::unique_ptr<Child> listener = listen({"shop"});
  OwnConnection own(service().uri);

  own.publish({.exchange = "shop.events",
               .routing_key = "paid",
               .properties = {.content_type = "application/json", .content_encoding = "utf-8"},
               .body = "{no json"});
  own.publish({.exchange = "shop.events", .routing_key = "paid", .body = "\"C46 untyped\""});
  dispatch("\"C46\"");

  listener->read_stdout_until(
      R"("error":"not JSON: expected a key or '}' at byte 1","body":"{no json")");
  listener->read_stdout_until(R"("data":"C46 untyped")");
  EXPECT_TRUE(eventually_handled("watcher.pool", "C46"));
}

}  // namespace
}  // namespace miko::test
