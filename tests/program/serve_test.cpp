// miko serve in the place of a service: what its callers see, and what it leaves behind.

#include "support/serve.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "amqp/connection.h"
#include "base/uuid.h"
#include "nameko/endpoints.h"
#include "support/eventually.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

/// Where scripts/install puts amqplib; empty if there is none, or no node.
std::string node_modules() {
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  const std::string modules =
      (cache != nullptr ? std::string(cache)
                        : std::string(home != nullptr ? home : "") + "/.cache") +
      "/miko/benchmark/node_modules";
  const bool there = std::filesystem::exists(modules + "/amqplib/package.json") &&
                     run({.argv = {"/bin/sh", "-c", "command -v node"},
                          .environment = {{"PATH", std::getenv("PATH")}}})
                             .exit_code == 0;
  return there ? modules : "";
}

class ServeTest : public NamekoTest {
 protected:
  /// Calls of [service, method, args, kwargs] by Nameko's own client: a line for each.
  [[nodiscard]] std::string nameko_calls(const std::string& calls) const {
    std::string python;
    for (const std::string& word : service().command) {
      if (word.ends_with("/bin/nameko")) {
        python = word.substr(0, word.size() - 6) + "python";
      }
    }
    return run({.argv = {python, MIKO_SOURCE_DIR "/tests/support/nameko_calls.py", calls},
                .environment = {{"AMQP_URI", service().uri}, {"PYTHONWARNINGS", "ignore"}}})
        .out;
  }

  /// Starts the service of orders_service.py.
  [[nodiscard]] Command orders() const {
    Command command = {.argv = service().command};
    command.argv.back() = "orders_service";
    return command;
  }

  /// "2 ready, 1 consuming" of a queue; "not there" if it is not.
  [[nodiscard]] std::string queue(const std::string& name) const {
    const Clock::time_point soon = Clock::now() + std::chrono::seconds(20);
    const Loop loop;
    amqp::Connection connection(loop, nameko::connection_options({.broker = service().uri}));
    connection.open(soon);
    const amqp::Answer answer =
        connection.inquire(amqp::request::DeclareQueue{.queue = name, .passive = true}, soon);
    connection.close(soon);
    return answer.granted() ? std::to_string(answer.message_count) + " ready, " +
                                  std::to_string(answer.consumer_count) + " consuming"
                            : "not there";
  }

  /// Takes a queue away.
  void delete_queue(const std::string& name) const {
    const Clock::time_point soon = Clock::now() + std::chrono::seconds(20);
    const Loop loop;
    amqp::Connection connection(loop, nameko::connection_options({.broker = service().uri}));
    connection.open(soon);
    connection.request(amqp::request::DeleteQueue{.queue = name}, soon);
    connection.close(soon);
  }
};
MIKO_FOR_BOTH_NAMEKOS(ServeTest);

const std::vector<std::string> all_kinds = {"--reply", R"(hello(name, greeting="Hello")="Hi, Ann")",
                                            "--raise", "find=orders.errors.NotFound:A-1"};

std::vector<std::string> serving(const std::string& service, std::vector<std::string> more = {}) {
  std::vector<std::string> words = {service};
  words.insert(words.end(), all_kinds.begin(), all_kinds.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST_P(ServeTest, C53_NamekosOwnClientGetsResultsExceptionsAndRefusals) {
  Serve serve(service().uri, serving("serve-c53"));

  EXPECT_EQ(nameko_calls(R"([["serve-c53", "hello", ["Ann"], {}],
                             ["serve-c53", "hello", [], {"name": "Ann", "greeting": "Hi"}],
                             ["serve-c53", "find", ["A-1"], {}],
                             ["serve-c53", "nope", [], {}],
                             ["serve-c53", "hello", [], {}],
                             ["serve-c53", "hello", [1, 2, 3], {}]])"),
            "[\"result\", \"Hi, Ann\"]\n"
            "[\"result\", \"Hi, Ann\"]\n"
            "[\"error\", \"RemoteError\", \"NotFound A-1\"]\n"
            "[\"error\", \"MethodNotFound\", \"nope\"]\n"
            "[\"error\", \"IncorrectSignature\", \"hello() missing 1 required positional argument: "
            "'name'\"]\n"
            "[\"error\", \"IncorrectSignature\", \"hello() takes from 2 to 3 positional arguments "
            "but 4 were given\"]\n");
}

TEST_P(ServeTest, C53_MikoSeesTheSameAsFromARealService) {
  Serve serve(service().uri, serving("serve-miko"));

  EXPECT_EQ(miko({"call", "serve-miko", "hello", "name=Ann"}).out, "\"Hi, Ann\"\n");
  const Outcome raised = miko({"call", "serve-miko", "find"});
  EXPECT_EQ(raised.error("/error/code"), "remote_error");
  EXPECT_EQ(raised.error("/error/remote"),
            R"({"exc_type":"NotFound","exc_path":"orders.errors.NotFound","exc_args":["A-1"],)"
            R"("value":"A-1"})");
  EXPECT_EQ(miko({"call", "serve-miko", "nope"}).error("/error/code"), "unknown_method");
  EXPECT_EQ(miko({"call", "serve-miko", "hello"}).error("/error/code"), "bad_arguments");
  // A refusal has the very bytes that a service under Nameko sends.
  EXPECT_EQ(miko({"call", "serve-miko", "nope"}).error("/error/remote"),
            miko({"call", "lab", "nope"}).error("/error/remote"));
}

TEST_P(ServeTest, C54_SharesTheCallsWithARealServiceBesideIt) {
  Serve first(service().uri, {"orders", "--reply", "ping=\"stub\""});
  Child real(orders());
  ASSERT_TRUE(eventually([this] { return queue("rpc-orders").ends_with("2 consuming"); }))
      << queue("rpc-orders");

  int stubs = 0;
  for (int i = 0; i < 8; ++i) {
    const std::string out = miko({"call", "orders", "ping", "--timeout", "20s"}).out;
    EXPECT_TRUE(out == "\"pong\"\n" || out == "\"stub\"\n") << out;
    stubs += out == "\"stub\"\n" ? 1 : 0;
  }

  EXPECT_EQ(stubs, 4);
}

TEST_P(ServeTest, ARealServiceRunsUnchangedWhenTheOneItCallsIsAFileOfStubs) {
  const TemporaryDirectory directory;
  const std::string stubs = directory.write_file("stubs.yaml", R"(
service: stock
methods:
  take:
    params: item, count
    stubs:
      - when: {/params/item: pen}
        reply: 41
      - raise: {type: stock.errors.SoldOut, message: "no {{/params/item}}"}
)");
  Child real(orders());
  ASSERT_TRUE(eventually([this] { return queue("rpc-orders").ends_with("1 consuming"); }));
  Serve serve(service().uri, {"stock", "--file", stubs});

  const auto create = [this](const std::string& item) {
    return miko({"call", "orders", "create", "item=" + item, "count:=1", "--timeout", "20s"});
  };
  EXPECT_EQ(create("pen").out, "{\"item\":\"pen\",\"left\":41}\n");
  // What the service does not catch goes on to its caller.
  EXPECT_EQ(create("ink").error("/error/remote/value"), "SoldOut no ink");
}

/// A client that shares nothing with Nameko and miko.
TEST_P(ServeTest, C53_NodesAmqplibGetsResultsExceptionsAndRefusals) {
  const std::string modules = node_modules();
  if (modules.empty()) {
    GTEST_SKIP()
        << "SKIPPED: no node with amqplib here: scripts/install test installs it where npm is";
  }
  const auto call = [&](const std::string& name) {
    return run(
        {.argv = {"/usr/bin/env", "node", MIKO_SOURCE_DIR "/tests/benchmark/node_client.js", name,
                  "Ann"},
         .environment = {
             {"AMQP_URI", service().uri}, {"NODE_PATH", modules}, {"PATH", std::getenv("PATH")}}});
  };
  Serve result(service().uri, {"node-result", "--reply", "hello(name)=\"Hi, Ann\""});
  Serve raising(service().uri, {"node-raise", "--raise", "hello=orders.errors.NotFound:A-1"});
  Serve without(service().uri, {"node-without", "--reply", "bye=1"});
  Serve other(service().uri, {"node-other", "--reply", "hello()=1"});

  EXPECT_EQ(call("node-result").out, "\"Hi, Ann\"\n");
  EXPECT_EQ(call("node-raise").err, "NotFound: A-1\n");
  EXPECT_EQ(call("node-without").err, "MethodNotFound: hello\n");
  EXPECT_EQ(call("node-other").err,
            "IncorrectSignature: hello() got an unexpected keyword argument 'name'\n");
}

TEST_P(ServeTest, RefusesToStandBesideARealServiceUnlessForced) {
  const Outcome run = miko({"serve", "lab.dotted", "--echo"});

  EXPECT_EQ(run.exit_code, 2);
  EXPECT_EQ(run.error("/error/code"), "usage");
  EXPECT_NE(run.error("/error/message").find("an instance of 'lab.dotted' is running"),
            std::string::npos);
  EXPECT_NE(run.error("/error/hint").find("--force"), std::string::npos);
}

TEST_P(ServeTest, LeavesNothingBehindWhenItIsStopped) {
  Serve serve(service().uri, serving("serve-leaves"));
  ASSERT_EQ(miko({"call", "serve-leaves", "hello", "=Ann"}).exit_code, 0);

  const Outcome stopped = serve.stop();

  EXPECT_EQ(stopped.exit_code, 143);
  EXPECT_NE(stopped.err.find("answered 1 request\n"), std::string::npos) << stopped.err;
  EXPECT_EQ(queue("rpc-serve-leaves"), "not there");
  EXPECT_EQ(miko({"call", "serve-leaves", "hello", "=Ann"}).error("/error/code"),
            "unknown_service");
}

TEST_P(ServeTest, LeavesAQueueThatWasThereBefore) {
  const std::string name = "serve-" + random_uuid();
  {
    Serve killed(service().uri, serving(name));
    killed.child().send_signal(SIGKILL);
  }
  Serve serve(service().uri, serving(name, {"--force"}));

  serve.stop();

  EXPECT_EQ(queue("rpc-" + name), "0 ready, 0 consuming");
}

TEST_P(ServeTest, LeavesItsQueueToTheInstanceBesideIt) {
  const std::string name = "serve-" + random_uuid();
  Serve first(service().uri, serving(name));
  Serve second(service().uri, serving(name, {"--force"}));

  const Outcome stopped = first.stop();

  EXPECT_NE(stopped.err.find("the queue of '" + name + "' stays"), std::string::npos);
  EXPECT_EQ(miko({"call", name, "hello", "=Ann"}).out, "\"Hi, Ann\"\n");
}

TEST_P(ServeTest, EndsAfterSoManyRequestsAndLeavesTheOthersInTheQueue) {
  const std::string name = "serve-" + random_uuid();
  Serve serve(service().uri, {name, "--echo", "-n", "2", "--delay", "300ms"});
  Child one(
      miko_command({"call", name, "any", "--batch", "--timeout", "2s"},
                   {.environment = {{"AMQP_URI", service().uri}}, .input = Text{"[1] [2] [3]"}}));

  const Outcome ended = serve.child().wait();

  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find("answered 2 requests"), std::string::npos) << ended.err;
  EXPECT_NE(ended.err.find("the queue of '" + name + "' stays"), std::string::npos) << ended.err;
  EXPECT_EQ(one.wait().exit_code, 3);
}

TEST_P(ServeTest, LogsALineForEachRequest) {
  Serve serve(service().uri, serving("serve-log", {"--log", "--count", "2"}));
  ASSERT_EQ(miko({"call", "serve-log", "hello", "=Ann"}).exit_code, 0);
  ASSERT_EQ(miko({"call", "serve-log", "find", "id:=1e400"}).exit_code, 1);

  const std::string out = serve.child().wait().out;

  EXPECT_NE(out.find(R"({"service":"serve-log","method":"hello","args":["Ann"],"kwargs":{},)"
                     R"("ok":true,"error":null,"elapsed_ms":)"),
            std::string::npos)
      << out;
  EXPECT_NE(out.find(R"("call_id_stack":["miko.call.)"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("kwargs":{"id":1e400},"ok":false,"error":{"exc_type":"NotFound",)"),
            std::string::npos)
      << out;
}

/// Messages that kill a service under Nameko, or that it passes over.
TEST_P(ServeTest, DropsWhatWouldKillARealServiceAndGoesOn) {
  Serve serve(service().uri, serving("serve-poison"));
  amqp::Properties good = {
      .content_type = "application/json", .correlation_id = "1", .reply_to = random_uuid()};
  std::vector<amqp::Message> poison;
  const auto add = [&poison](amqp::Properties properties, std::string body) {
    poison.push_back({.exchange = "nameko-rpc",
                      .routing_key = "serve-poison.hello",
                      .properties = std::move(properties),
                      .body = std::move(body)});
  };
  const std::string body = R"({"args": ["Ann"], "kwargs": {}})";
  amqp::Properties bad = good;
  bad.reply_to.clear();
  add(bad, body);
  for (const char* type : {"", "application/data", "application/x-python-serialize"}) {
    bad = good;
    bad.content_type = type;
    add(bad, body);
  }
  for (const amqp::FieldValue& stack :
       {amqp::FieldValue{},
        amqp::FieldValue{.value = amqp::Array{{.value = std::string("a")}, {}}}}) {
    bad = good;
    bad.headers = {{"nameko.call_id_stack", stack}};
    add(bad, body);
  }
  add(good, "{");
  add(good, "\xef\xbb\xbf{}");
  const Loop loop;
  amqp::Connection connection(loop, nameko::connection_options({.broker = service().uri}));
  connection.open(Clock::now() + std::chrono::seconds(20));
  for (amqp::Message& message : poison) {
    connection.publish(std::move(message));
  }
  connection.close(Clock::now() + std::chrono::seconds(20));

  EXPECT_EQ(miko({"call", "serve-poison", "hello", "=Ann"}).out, "\"Hi, Ann\"\n");

  const Outcome stopped = serve.stop();
  EXPECT_NE(stopped.err.find("answered 1 request; dropped 8 messages"), std::string::npos)
      << stopped.err;
  EXPECT_NE(stopped.err.find("a message to serve-poison.hello was dropped: it has no reply_to"),
            std::string::npos);
  EXPECT_EQ(queue("rpc-serve-poison"), "not there");
}

TEST_P(ServeTest, MakesItsQueueAgainWhenSomebodyDeletesIt) {
  Serve serve(service().uri, serving("serve-deleted"));

  delete_queue("rpc-serve-deleted");

  serve.child().read_stderr_until("connected again");
  EXPECT_EQ(miko({"call", "serve-deleted", "hello", "=Ann"}).out, "\"Hi, Ann\"\n");
  EXPECT_EQ(serve.stop().exit_code, 143);
  EXPECT_EQ(queue("rpc-serve-deleted"), "not there");
}

TEST_P(ServeTest, MayEndWhenTheConnectionIsLost) {
  Serve serve(service().uri, serving("serve-lost", {"--no-reconnect"}));

  delete_queue("rpc-serve-lost");

  const Outcome run = serve.child().wait();
  EXPECT_EQ(run.exit_code, 9);
  EXPECT_EQ(run.error("/error/code"), "connection_lost");
}

TEST_P(ServeTest, GoesOnWhenTheCallerOfARequestHasGone) {
  Serve serve(service().uri, serving("serve-gone", {"--delay", "1s"}));
  EXPECT_EQ(
      miko({"call", "serve-gone", "hello", "=Ann", "--timeout", "500ms", "--no-expire"}).exit_code,
      124);

  EXPECT_EQ(miko({"call", "serve-gone", "hello", "=Ann"}).out, "\"Hi, Ann\"\n");
  EXPECT_NE(serve.stop().err.find("answered 2 requests"), std::string::npos);
  EXPECT_EQ(queue("rpc-serve-gone"), "not there");
}

TEST_P(ServeTest, RefusesWhatCannotBeServed) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"s"},
                                             {"s", "--reply", "hello"},
                                             {"s", "--reply", "hello="},
                                             {"s", "--reply", "hello={"},
                                             {"s", "--reply", "hello(a=1"},
                                             {"s", "--reply", "hello(a,a)=1"},
                                             {"s", "--reply", "a.b=1"},
                                             {"s", "--reply", "=1"},
                                             {"s", "--reply", "a=1", "--raise", "a=X:y"},
                                             {"s", "--raise", "a"},
                                             {"s", "--raise", "a=:text"},
                                             {"s", "--echo", "-j", "0"},
                                             {"s", "--echo", "-n", "0"},
                                             {"s", "--echo", "--delay", "0"},
                                             {"", "--echo"}}) {
    std::vector<std::string> all = {"serve"};
    all.insert(all.end(), words.begin(), words.end());

    EXPECT_EQ(miko(all).error("/error/code"), "usage") << words.back();
  }
}

}  // namespace
}  // namespace miko::test
