// miko serve and miko listen at a broker that is killed and started again.

#include <csignal>
#include <filesystem>

#include "base/uuid.h"
#include "nameko/names.h"
#include "support/broker_tools.h"
#include "support/eventually.h"
#include "support/nameko_test.h"
#include "support/serve.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

using std::chrono::minutes;

/// A broker of the test's own.
class RestartedBroker {
 public:
  RestartedBroker() : lab_(Lab::start()) {}

  [[nodiscard]] const std::string& uri() const { return lab_.uri(); }

  void kill() const { ASSERT_EQ(::kill(lab_.broker_pid(), SIGKILL), 0); }

  void start() {
    again_ = std::make_unique<Child>(Command{.argv = lab_.nodes().front().command,
                                             .input = Pipe{},
                                             .output = File{},
                                             .errors = File{},
                                             .time_limit = minutes(5)});
  }

 private:
  Lab lab_;
  std::unique_ptr<Child> again_ = nullptr;
};

/// [service, method, args, kwargs] called by the client of a Nameko at `uri`.
std::string call_by_nameko(std::string_view version, const std::string& uri,
                           const std::string& call) {
  std::string python;
  for (const std::string& word : lab().service(version).command) {
    if (word.ends_with("/bin/nameko")) {
      python = word.substr(0, word.size() - 6) + "python";
    }
  }
  return run({.argv = {python, MIKO_SOURCE_DIR "/tests/support/nameko_calls.py", "[" + call + "]"},
              .environment = {{"AMQP_URI", uri}, {"PYTHONWARNINGS", "ignore"}}})
      .out;
}

TEST(ServeReconnectTest, AStandInAndAListenerOutliveTheirBroker) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  MIKO_NEEDS_NAMEKO(nameko_3);
  const TemporaryDirectory directory;
  const std::string begun = directory.write_file("begun", "");
  const std::string go_on = directory.path("go-on");
  RestartedBroker broker;
  Serve serve(
      broker.uri(),
      {"stand-in", "--log", "--reply", "hello(name)=\"Hi, Ann\"", "--exec",
       "wait=echo $$ >>" + begun + "; while [ ! -e " + go_on + " ]; do sleep 0.02; done; echo 1"},
      {.time_limit = minutes(2)});
  {
    OwnConnection own(broker.uri());
    own.ask(amqp::request::DeclareExchange{.exchange = "shop.events"});
  }
  Child listener(
      miko_command({"listen", "shop", "--durable", "x", "-n", "2"},
                   {.environment = {{"AMQP_URI", broker.uri()}}, .time_limit = minutes(2)}));
  listener.read_stderr_until("listening");
  const std::string hello = R"(["stand-in", "hello", ["Ann"], {}])";
  EXPECT_EQ(call_by_nameko(nameko_2, broker.uri(), hello), "[\"result\", \"Hi, Ann\"]\n");
  EXPECT_EQ(call_by_nameko(nameko_3, broker.uri(), hello), "[\"result\", \"Hi, Ann\"]\n");
  // One that outlives the broker, as those of Nameko's clients do.
  Child caller(miko_command({"call", "stand-in", "wait", "--no-expire", "--timeout", "2m", "-v"},
                            {.environment = {{"AMQP_URI", broker.uri()}}}));
  caller.read_stderr_until("confirm");
  EXPECT_EQ(miko({"dispatch", "shop", "e", ":=1", "-b", broker.uri()}).exit_code, 0);
  ASSERT_TRUE(eventually([&] { return read_file(begun).ends_with('\n'); }));
  const pid_t program = std::stoi(read_file(begun));
  listener.read_stdout_until("\n");

  broker.kill();
  EXPECT_EQ(caller.wait().exit_code, 9);
  serve.child().read_stderr_until("connecting again");
  EXPECT_TRUE(eventually([program] { return ::kill(program, 0) != 0; }));
  broker.start();
  serve.child().read_stderr_until("connected again");
  listener.read_stderr_until("connected again");
  directory.write_file("go-on", "");

  EXPECT_EQ(call_by_nameko(nameko_2, broker.uri(), hello), "[\"result\", \"Hi, Ann\"]\n");
  EXPECT_EQ(call_by_nameko(nameko_3, broker.uri(), hello), "[\"result\", \"Hi, Ann\"]\n");
  serve.child().read_stdout_until(R"("method":"wait")");
  EXPECT_EQ(miko({"dispatch", "shop", "e", ":=2", "-b", broker.uri()}).exit_code, 0);
  EXPECT_EQ(listener.wait().exit_code, 0);
  const Outcome stopped = serve.stop();
  EXPECT_EQ(stopped.exit_code, 143) << stopped.err;
  // The request that was being answered came again, and ran again.
  EXPECT_NE(stopped.err.find("answered 5 requests\n"), std::string::npos) << stopped.err;
  const std::string runs = read_file(begun);
  EXPECT_EQ(std::count(runs.begin(), runs.end(), '\n'), 2) << runs;
  // The queue was its own before as well.
  EXPECT_EQ(miko({"call", "stand-in", "hello", "=Ann", "-b", broker.uri()}).exit_code, 4);
}

TEST(ServeReconnectTest, LeavesWhatAKilledServiceLeavesAndNoMore) {
  MIKO_NEEDS_BROKER();
  const std::string name = "serve-" + random_uuid();
  const std::vector<std::string> words = {name, "--echo"};
  const amqp::request::DeclareQueue as_nameko = {.queue = nameko::rpc_queue_name(name),
                                                 .durable = true};
  Serve serve(lab().uri(), words);

  serve.child().send_signal(SIGKILL);
  EXPECT_TRUE(eventually([&] {
    const amqp::Answer there = OwnConnection(lab().uri()).ask(as_nameko);
    return there.granted() && there.consumer_count == 0;
  }));
  const Outcome bindings = lab().rabbitmqctl({"-q", "list_bindings", "--no-table-headers"});
  int lines = 0;
  for (std::size_t at = 0; at < bindings.out.size(); at = bindings.out.find('\n', at) + 1) {
    const std::string line = bindings.out.substr(at, bindings.out.find('\n', at) - at);
    lines += line.find(name) != std::string::npos ? 1 : 0;
  }
  // To the exchange of the calls, and every queue's own to the default exchange.
  EXPECT_EQ(lines, 2) << bindings.out;
  const Outcome call = miko({"call", name, "any", "-b", lab().uri(), "--timeout", "500ms"});
  EXPECT_NE(call.error("/error/message").find("no instance"), std::string::npos) << call.err;
  // The next one needs no force.
  EXPECT_EQ(Serve(lab().uri(), words).stop().exit_code, 143);
  OwnConnection(lab().uri()).ask(amqp::request::DeleteQueue{.queue = nameko::rpc_queue_name(name)});
}

}  // namespace
}  // namespace miko::test
