// What shells offer behind miko: names of services from a management API, of methods that were
// called.

#include <sys/stat.h>

#include <filesystem>

#include "support/fake_server.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

namespace fs = std::filesystem;

/// Answers one question for the services as RabbitMQ does.
void list_services(Peer& peer) {
  constexpr std::string_view body = R"json([
    {"destination":"rpc-orders","routing_key":"orders.*"},
    {"destination":"rpc-greeting","routing_key":"greeting.*"},
    {"destination":"rpc-$(reboot)","routing_key":"$(reboot).*"},
    {"destination":"rpc.reply-miko-1","routing_key":"orders.*"}])json";
  std::string request;
  while (request.find("\r\n\r\n") == std::string::npos) {
    request += peer.read_exactly(1);
  }
  EXPECT_EQ(request.find("GET /api/exchanges/%2F/nameko-rpc/bindings/source?"), 0U) << request;
  peer.send_raw("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                std::string(body));
  peer.finish();
}

/// A home, and a management API that the environment names.
class CompletionTest : public testing::Test {
 protected:
  [[nodiscard]] std::map<std::string, std::string> variables() const {
    const std::string programs = fs::path(miko_path()).parent_path();
    return {{"HOME", home_.path()},
            {"MIKO_MANAGEMENT", "http://127.0.0.1:" + std::to_string(api_.port())},
            {"PATH", programs + ":/usr/local/bin:/usr/bin:/bin"}};
  }

  [[nodiscard]] Outcome names(std::vector<std::string> words) const {
    words.insert(words.begin(), {"completion", "--names"});
    return miko(std::move(words), {.environment = variables()});
  }

  /// What an interactive shell shows after `typed` until it has completed it to `completed`.
  [[nodiscard]] std::string types(const std::string& shell, const std::string& setup,
                                  const std::string& typed, const std::string& completed) const {
    std::map<std::string, std::string> environment = variables();
    environment.insert({{"TERM", "dumb"}, {"LANG", "C.UTF-8"}, {"PS1", "> "}});
    // script(1) gives the shell one terminal for all.
    Child child({.argv = {"script", "-q", "-c", shell, "/dev/null"},
                 .base_environment = Environment::empty,
                 .environment = std::move(environment),
                 .input = Pipe{}});
    child.write_input(setup + "; echo re''ady\n");
    child.read_stdout_until("ready");
    child.write_input(typed + "\t");
    return child.read_stdout_until(completed);
  }

  const TemporaryDirectory home_;
  FakeServer api_{list_services};
};

TEST_F(CompletionTest, ServicesAreThoseOfTheManagementApi) {
  const Outcome first = names({"services", "--", "call", "--args", "[1"});
  const Outcome again = names({"services", "--", "ping"});

  EXPECT_EQ(first.out, "greeting\norders\n");
  EXPECT_EQ(first.err, "");
  EXPECT_EQ(again.out, first.out);
  EXPECT_EQ(api_.connections(), 1);
  struct stat status = {};
  ASSERT_EQ(::stat((home_.path() + "/.cache/miko/services").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(CompletionTest, ServicesAreThoseOfTheBrokerThatTheWordsName) {
  static_cast<void>(names({"services", "--", "call"}));
  const std::string other = "http://127.0.0.1:" + std::to_string(api_.port()) + "/";

  EXPECT_EQ(names({"services", "--", "call", "--management", other}).out, "greeting\norders\n");
  EXPECT_EQ(api_.connections(), 2);
}

TEST_F(CompletionTest, NothingIsOfferedAndNothingSaidWhereNobodyAnswers) {
  const FakeServer silent([](Peer& peer) { peer.stay_silent(); });
  const std::string url = "http://127.0.0.1:" + std::to_string(silent.port());
  for (const std::vector<std::string>& line : {std::vector<std::string>{"--management", url},
                                               {"--management", "http://127.0.0.1:1"},
                                               {"--context", "nosuch"},
                                               {"--config", "/nosuch"},
                                               {"--broker", "amqp://\"$URI"},
                                               {"--management"}}) {
    std::vector<std::string> words = {"services", "--", "call"};
    words.insert(words.end(), line.begin(), line.end());
    const Outcome run = names(std::move(words));

    EXPECT_EQ(run.out, "") << line[0];
    EXPECT_EQ(run.err, "");
    EXPECT_EQ(run.exit_code, 0);
  }
}

TEST_F(CompletionTest, NoCommandIsRunForAPassword) {
  static_cast<void>(home_.write_file(".config/miko/contexts/own.yaml",
                                     "user: bob\npassword: cmd:touch " + home_.path() + "/run\n"));

  EXPECT_EQ(names({"services", "--", "call", "--context", "own"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(home_.path() + "/run"));
}

TEST_F(CompletionTest, BashCompletesServicesMethodsAndContexts) {
  static_cast<void>(home_.write_file(".cache/miko/methods", "greeting.hello\norders.get\n"));
  static_cast<void>(home_.write_file(".config/miko/contexts/production.yaml", "host: h\n"));
  const std::string bash = "bash --norc --noprofile -i";
  const std::string setup = "source " MIKO_SOURCE_DIR "/completions/miko.bash";

  static_cast<void>(types(bash, setup, "miko call gre", "call greeting "));
  static_cast<void>(types(bash, setup, "miko call -b 'amqp://x' greeting h", "greeting hello "));
  static_cast<void>(types(bash, setup, "miko call orders.", "orders.get "));
  static_cast<void>(types(bash, setup, "miko probe -n 3 greeting h", "greeting hello "));
  static_cast<void>(types(bash, setup, "miko tap greeting ord", "greeting orders "));
  static_cast<void>(types(bash, setup, "miko --context prod", "--context production "));
}

TEST_F(CompletionTest, ZshCompletesServicesAndMethods) {
  if (!fs::exists("/usr/bin/zsh")) {
    GTEST_SKIP() << "there is no zsh";
  }
  static_cast<void>(home_.write_file(".cache/miko/methods", "greeting.hello\norders.get\n"));
  const std::string zsh = "zsh -f -i";
  const std::string setup =
      "autoload -U compinit; compinit -u -D; source " MIKO_SOURCE_DIR "/completions/_miko";

  static_cast<void>(types(zsh, setup, "miko call gre", "eting "));
  static_cast<void>(types(zsh, setup, "miko call --tls greeting h", "ello "));
  static_cast<void>(types(zsh, setup, "miko call orders.", "get "));
  static_cast<void>(types(zsh, setup, "miko tap greeting ord", "ers "));
}

TEST_F(CompletionTest, FishCompletesServicesAndMethods) {
  if (!fs::exists("/usr/bin/fish")) {
    GTEST_SKIP() << "there is no fish";
  }
  static_cast<void>(home_.write_file(".cache/miko/methods", "greeting.hello\norders.get\n"));
  const auto offered = [this](const std::string& line) {
    return run({.argv = {"fish", "--no-config", "-c",
                         "source " MIKO_SOURCE_DIR "/completions/miko.fish; complete -C '" + line +
                             "'"},
                .base_environment = Environment::empty,
                .environment = variables()})
        .out;
  };

  EXPECT_EQ(offered("miko call gre"), "greeting\tService\n");
  EXPECT_EQ(offered("miko call greeting h"), "hello\tMethod\n");
  EXPECT_EQ(offered("miko call orders.g"), "orders.get\tService\n");
  EXPECT_EQ(offered("miko probe -n 3 greeting h"), "hello\tMethod\n");
  EXPECT_EQ(offered("miko tap greeting ord"), "orders\tService\n");
}

class CalledTest : public NamekoTest {};
MIKO_FOR_BOTH_NAMEKOS(CalledTest);

TEST_P(CalledTest, MethodsThatRanAreOfferedLater) {
  const TemporaryDirectory home;
  const auto at_home = [&](std::vector<std::string> words) {
    return miko::test::miko(std::move(words),
                            {.environment = {{"AMQP_URI", service().uri},
                                             {"HOME", home.path()},
                                             {"MIKO_MANAGEMENT", "http://127.0.0.1:1"}}});
  };
  EXPECT_EQ(at_home({"call", "greeting", "hello", "name=Ann"}).exit_code, 0);
  EXPECT_EQ(at_home({"call", "lab.boom"}).exit_code, 1);
  EXPECT_NE(at_home({"call", "lab.nosuch"}).exit_code, 0);
  EXPECT_NE(at_home({"call", "nosuch.hello"}).exit_code, 0);

  EXPECT_EQ(at_home({"completion", "--names", "methods", "--of", "greeting"}).out, "hello\n");
  EXPECT_EQ(at_home({"completion", "--names", "calls"}).out, "greeting.hello\nlab.boom\n");
  EXPECT_EQ(at_home({"completion", "--names", "services"}).out, "greeting\nlab\n");
}

TEST_P(CalledTest, ACallIsDoneWithoutAHome) {
  for (const char* home : {"", "/nosuch/home", "/proc"}) {
    const Outcome run =
        miko::test::miko({"call", "greeting", "hello", "name=Ann"},
                         {.environment = {{"AMQP_URI", service().uri}, {"HOME", home}}});

    EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
    EXPECT_EQ(run.err, "");
    EXPECT_EQ(run.exit_code, 0);
  }
}

}  // namespace
}  // namespace miko::test
