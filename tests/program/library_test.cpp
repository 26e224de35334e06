// The library face: installed with its CMake package, it builds and runs the example program; and
// one connection serves many calls.

#include <map>
#include <optional>
#include <vector>

#include "miko.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

Outcome run_step(std::vector<std::string> argv) {
  return run({.argv = std::move(argv), .time_limit = std::chrono::seconds(100)});
}

TEST(Library, TheExampleBuildsAgainstTheInstalledPackageAndCallsAService) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const TemporaryDirectory directory;
  const std::string prefix = directory.path("installed");
  const std::string build = directory.path("build");
  const std::string flags =
      std::string(MIKO_CXX_FLAGS).empty() ? "" : std::string("-DCMAKE_CXX_FLAGS=") + MIKO_CXX_FLAGS;

  const Outcome install = run_step({"cmake", "--install", MIKO_BINARY_DIR, "--prefix", prefix});
  ASSERT_EQ(install.exit_code, 0) << install.err;
  const Outcome configure =
      run_step({"cmake", "-G", "Ninja", "-S", MIKO_SOURCE_DIR "/examples", "-B", build,
                "-DCMAKE_PREFIX_PATH=" + prefix, "-Drabbitmq-c_DIR=" MIKO_RABBITMQ_C_DIR,
                flags.empty() ? "-DCMAKE_CXX_FLAGS=" : flags});
  ASSERT_EQ(configure.exit_code, 0) << configure.out << configure.err;
  const Outcome compile = run_step({"cmake", "--build", build});
  ASSERT_EQ(compile.exit_code, 0) << compile.out;
  const Outcome call = run({.argv = {build + "/call", "Ann"},
                            .environment = {{"AMQP_URI", lab().service(nameko_2).uri}}});

  EXPECT_EQ(call.out, "\"Hello, Ann!\"\n") << call.err;
  EXPECT_EQ(call.exit_code, 0);

  const Outcome by_pkg_config =
      run({.argv = {"sh", "-c",
                    "c++ -std=c++20 " MIKO_CXX_FLAGS
                    " $0/call.cpp -o $1 $(pkg-config --cflags --libs miko) && $1 Ann",
                    MIKO_SOURCE_DIR "/examples", build + "/call_by_pkg_config"},
           .environment = {{"PKG_CONFIG_PATH", prefix + "/lib/pkgconfig"},
                           {"AMQP_URI", lab().service(nameko_2).uri}},
           .time_limit = std::chrono::seconds(100)});

  EXPECT_EQ(by_pkg_config.out, "\"Hello, Ann!\"\n") << by_pkg_config.err;
}

TEST(Library, AConnectionServesManyCallsAndASlowOne) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  Client rpc = connect({.broker = lab().service(nameko_2).uri,
                        .heartbeat = std::chrono::seconds(1),
                        .timeout = std::chrono::seconds(60)});
  const auto call_often = [&rpc] {
    for (int i = 0; i < 1000; ++i) {
      const std::string name = json_quote("Ann " + std::to_string(i));
      ASSERT_EQ(rpc.call("greeting", "hello", {.args = "[" + name + "]"}).value(),
                json_quote("Hello, Ann " + std::to_string(i) + "!"));
    }
  };

  call_often();
  // The broker drops a client from which it hears nothing for two heartbeats.
  EXPECT_EQ(rpc.call("lab", "slow", {.args = "[5]"}).value(), "5");
  call_often();
  rpc.close();
}

/// Turns the others until `done`; each of them sleeps shortly.
template <typename Done, typename... Sessions>
void turn_until(Done done, Sessions&... sessions) {
  const Clock::time_point give_up = Clock::now() + std::chrono::seconds(20);
  while (!done() && Clock::now() < give_up) {
    (sessions.run_once({}, Clock::now() + std::chrono::milliseconds(5)), ...);
  }
}

TEST(Library, AServerAnswersAtOnceOrLaterAndRefusesAsNamekoDoes) {
  MIKO_NEEDS_BROKER();
  const Options options = {.broker = lab().uri()};
  std::vector<std::uint64_t> open;
  Server server(options, {.service = "library-server",
                          .has_method = [](std::string_view method) { return method != "nope"; },
                          .handle = [&open](const Request& request) -> std::optional<Response> {
                            if (request.method == "later") {
                              open.push_back(request.id);
                              return std::nullopt;
                            }
                            if (request.method == "find") {
                              return raised("orders.errors.NotFound", "A-1");
                            }
                            return Response{.result = request.args};
                          }});
  server.start(Clock::now() + std::chrono::seconds(20));
  Client rpc = connect(options);
  std::map<std::string, Reply> replies;
  for (const char* method : {"hello", "find", "nope", "later"}) {
    rpc.start("library-server", method, {.args = R"(["Ann"])"},
              [&replies, method](Reply reply) { replies[method] = std::move(reply); });
  }

  turn_until([&] { return replies.size() == 3 && open.size() == 1; }, rpc, server);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(server.unanswered(), 1U);
  server.respond(open.front(), {.result = "[1, null]"});
  turn_until([&] { return replies.size() == 4; }, rpc, server);

  EXPECT_EQ(replies["hello"].value(), R"(["Ann"])");
  EXPECT_EQ(replies["find"].remote->exc_path, "orders.errors.NotFound");
  EXPECT_EQ(replies["nope"].failure->kind, ErrorKind::unknown_method);
  EXPECT_EQ(replies["later"].value(), "[1, null]");
  EXPECT_EQ(server.taken(), 4U);
  server.stop(Clock::now() + std::chrono::seconds(20));
  EXPECT_TRUE(server.close(Clock::now() + std::chrono::seconds(20)));
  rpc.close();
}

TEST(Library, AListenerTakesWhatADispatcherSends) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Options options = {.broker = lab().service(nameko_2).uri};
  std::vector<Event> events;
  Listener listener(options, {.subscriptions = {{.service = "shop", .types = {"library.*"}}}},
                    [&events](Event event) { events.push_back(std::move(event)); });
  listener.open(Clock::now() + std::chrono::seconds(20));
  Dispatcher shop(options, "shop");

  EXPECT_EQ(shop.dispatch("library.one", {.data = R"({"id": 7})", .context = R"({"user": "Ann"})"}),
            std::nullopt);
  const std::optional<Failure> failure =
      shop.dispatch("elsewhere", {.data = "1", .require_handler = true});
  turn_until([&] { return !events.empty(); }, listener);

  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, ErrorKind::no_instance);
  EXPECT_EQ(failure->executed, Executed::no);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].service, "shop");
  EXPECT_EQ(events[0].type, "library.one");
  EXPECT_EQ(events[0].data, R"({"id": 7})");
  EXPECT_EQ(events[0].headers, R"({"nameko.user":"Ann"})");
  shop.close();
  listener.close();
}

TEST(Library, TheExampleHasUnderTwentyLines) {
  const std::string text = read_file(MIKO_SOURCE_DIR "/examples/call.cpp");

  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 20);
}

}  // namespace
}  // namespace miko::test
