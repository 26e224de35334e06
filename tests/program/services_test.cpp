// miko services with and without RabbitMQ's management API.

#include <csignal>

#include "support/eventually.h"
#include "support/instance.h"
#include "support/nameko_test.h"

namespace miko::test {
namespace {

class ServicesTest : public NamekoTest {};
MIKO_FOR_BOTH_NAMEKOS(ServicesTest);

TEST_P(ServicesTest, AsksTheBrokerAboutNames) {
  const Outcome run = miko({"services", "greeting", "nosuch"});

  EXPECT_EQ(run.exit_code, 4);
  EXPECT_EQ(run.out, R"([{"service":"greeting","deployed":true,"instances":1,"ready":0},)"
                     R"({"service":"nosuch","deployed":false,"instances":0,"ready":0}])"
                     "\n");
  EXPECT_EQ(run.error("/error/message"), "never deployed here: nosuch");
}

TEST_P(ServicesTest, SaysWhatWorksWithoutTheManagementApi) {
  const Outcome run = miko({"services", "--management", "http://127.0.0.1:1"});

  EXPECT_EQ(run.exit_code, 6);
  EXPECT_EQ(run.error("/error/message").find("no management API at http://127.0.0.1:1: "), 0U);
  EXPECT_NE(run.error("/error/hint").find("where services are named, this works without"),
            std::string::npos);
  EXPECT_EQ(miko({"services", "--management", "ftp://x"}).exit_code, 2);
}

const User limited = {"limited", "limited-Secret", "^rpc.reply-miko-.*",
                      "^(nameko-rpc|rpc.reply-miko-.*)$", "^(nameko-rpc|rpc.reply-miko-.*)$"};

/// A broker with the management API and one Nameko.
class ManagementTest : public testing::Test {
 protected:
  void SetUp() override { MIKO_SKIP_BECAUSE(managed().why_no_nameko(nameko_2)); }

  static const Lab& managed() {
    static const Lab own = Lab::start(
        {.nameko_versions = {std::string(nameko_2)}, .users = {limited}, .management = true});
    return own;
  }

  static std::string api() {
    return "http://127.0.0.1:" + std::to_string(managed().management_port());
  }

  static Outcome miko(std::vector<std::string> arguments, std::string uri = managed().uri()) {
    return miko::test::miko(std::move(arguments), {.environment = {{"AMQP_URI", std::move(uri)}}});
  }
};

TEST_F(ManagementTest, ListsEverything) {
  Outcome run;
  // The API's statistics lag behind.
  EXPECT_TRUE(eventually(
      [&] {
        run = miko({"services", "--management", api(), "-o", "pretty"});
        return run.out.find("\ngreeting    1          0 ") != std::string::npos &&
               run.out.find("\nlab.dotted  1          0 ") != std::string::npos;
      },
      std::chrono::seconds(20)))
      << run.out;
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out.find("SERVICE     INSTANCES  READY  UNACKED  IN/S  OUT/S  PREFETCH\n"), 0U)
      << run.out;
}

TEST_F(ManagementTest, ShowsInstancesAndWhoHandlesEvents) {
  Child tapping(miko_command({"tap", "--management", api(), "--method", "hello", "-n", "2"},
                             {.environment = {{"AMQP_URI", managed().uri()}}}));
  tapping.read_stderr_until("watching greeting, lab, lab.dotted, shop, and those to come");
  Child instance(instance_of(managed().service(nameko_2), "other"));
  ASSERT_EQ(miko({"wait", "other", "--timeout", "30s"}).exit_code, 0);

  // No service was named to the tap, and one of them came later.
  tapping.read_stderr_until("watching other");
  EXPECT_EQ(miko({"call", "other", "hello"}).exit_code, 0);
  EXPECT_EQ(miko({"call", "greeting", "hello", "name=Ann"}).exit_code, 0);
  EXPECT_EQ(miko({"call", "nosuch", "hello"}).exit_code, 4);
  const std::string seen = tapping.wait().out;
  EXPECT_NE(seen.find(R"("service":"other","method":"hello")"), std::string::npos) << seen;
  EXPECT_NE(seen.find(R"("service":"greeting","method":"hello")"), std::string::npos) << seen;
  EXPECT_EQ(miko({"completion", "--names", "services", "--", "--management", api()}).out,
            "greeting\nlab\nlab.dotted\nother\nshop\n");

  std::string out;
  // The API's statistics lag behind.
  EXPECT_TRUE(eventually(
      [&] {
        out = miko({"services", "other", "--management", api()}).out;
        return out.find(R"("peers":[{"address":"127.0.0.1:)") != std::string::npos;
      },
      std::chrono::seconds(20)))
      << out;
  EXPECT_NE(out.find(R"("handles":[{"source":"orders","event":"paid","handler":"other.paid",)"
                     R"("kind":"pool","queue":"evt-orders-paid--other.paid")"),
            std::string::npos)
      << out;
}

TEST_F(ManagementTest, RefreshesInPlaceUntilItIsInterrupted) {
  Command command = miko_command(
      {"services", "--management", api(), "--watch"},
      {.environment = {{"AMQP_URI", managed().uri()}, {"NO_COLOR", "1"}}, .output = Terminal{}});
  Child watching(std::move(command));
  watching.read_stdout_until("\x1b[J");
  watching.read_stdout_until("\x1b[J\x1b[H");
  watching.send_signal(SIGINT);
  const Outcome run = watching.wait();

  EXPECT_EQ(run.signal, SIGINT);
  EXPECT_EQ(run.out.find("\x1b[2J\x1b[HSERVICE"), 0U);
  EXPECT_EQ(run.err, "");
}

TEST_F(ManagementTest, NeedsAUserWhoMayUseIt) {
  const Outcome all = miko({"services", "--management", api()}, managed().uri(limited));
  const Outcome wrong =
      miko({"services", "--management", api(), "--user", "nobody", "--password", "x"});

  EXPECT_EQ(all.exit_code, 7);
  EXPECT_NE(all.error("/error/hint").find("set_user_tags"), std::string::npos);
  EXPECT_EQ(wrong.exit_code, 7);
}

TEST_F(ManagementTest, IsNotNeededByAUserWithTheLeastRights) {
  const std::string uri = managed().uri(limited);

  EXPECT_EQ(miko({"ping", "greeting", "-n", "1"}, uri).exit_code, 0);
  EXPECT_EQ(miko({"probe", "greeting", "hello"}, uri).exit_code, 0);
  EXPECT_EQ(miko({"ping", "nosuch", "-n", "1"}, uri).exit_code, 4);
  const Outcome doctor = miko({"doctor", "greeting"}, uri);
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out;
  if (managed().hides_from_strangers()) {
    for (const std::string command : {"services", "wait", "tap"}) {
      const Outcome denied = miko({command, "greeting"}, uri);
      EXPECT_EQ(denied.exit_code, 7);
      EXPECT_NE(denied.error("/error/hint").find("write on 'rpc-greeting'"), std::string::npos);
    }
    ASSERT_EQ(managed()
                  .rabbitmqctl({"set_permissions", limited.name, limited.configure,
                                "^(nameko-rpc|rpc[.-].*)$", limited.read})
                  .exit_code,
              0);
  }
  EXPECT_EQ(miko({"services", "greeting"}, uri).exit_code, 0);
  EXPECT_EQ(miko({"wait", "greeting", "lab"}, uri).exit_code, 0);
  Child tapping(miko_command({"tap", "greeting", "-n", "1"}, {.environment = {{"AMQP_URI", uri}}}));
  tapping.read_stderr_until("watching greeting");
  EXPECT_EQ(miko({"call", "--wait", "greeting", "hello", "name=Ann"}, uri).exit_code, 0);
  EXPECT_NE(tapping.wait().out.find(R"("method":"hello")"), std::string::npos);
}

}  // namespace
}  // namespace miko::test
