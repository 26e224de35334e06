// Where a password could be seen by others: in the arguments of the process, in files.

#include <sys/stat.h>
#include <unistd.h>

#include "fault/fault_call.h"
#include "support/eventually.h"
#include "support/secrets.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

/// What ps shows: the arguments of a running program, with a NUL behind each.
std::string arguments_of(const Child& child) {
  return read_file("/proc/" + std::to_string(child.pid()) + "/cmdline");
}

TEST(PasswordInTheArguments, IsWipedWhenMikoHasStarted) {
  const FakeServer server([](Peer& peer) { peer.stay_silent(); });
  const std::string marker(marker_password);
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  const std::string uri = "amqp://ann:" + marker + "@" + host + "/";
  const std::vector<std::string> ways[] = {
      {"--broker", uri},
      {"--broker=" + uri},
      {"-b", uri},
      {"-b" + uri},
      {"-b", uri + ";amqp://ben:" + marker + "@" + host},
      {"-b", "amqp://ann:m4rker%2DSecret@" + host},
      {"-b", "amqp://ann@" + host, "--password", marker},
      {"-b", "amqp://ann@" + host, "--password=" + marker},
      {"-b", uri, "--password", marker},
  };
  for (const std::vector<std::string>& way : ways) {
    SCOPED_TRACE(way.back());
    std::vector<std::string> words = {"call", "greeting", "hello"};
    words.insert(words.end(), way.begin(), way.end());
    Child child(miko_command(words));

    // Before the exec they are those of this test.
    EXPECT_TRUE(eventually([&] {
      const std::string arguments = arguments_of(child);
      return arguments.find("greeting") != std::string::npos &&
             form_shown(marker, arguments).empty();
    })) << arguments_of(child);
  }
}

/// Calls the broker that a configuration with the marker password names.
class ConfigurationWithAPassword : public testing::Test {
 protected:
  static Outcome call_with(const std::string& config, bool typed = true) {
    std::vector<std::string> words = {"call", "greeting", "hello"};
    if (typed) {
      words.insert(words.end(), {"-c", config});
      return miko(words);
    }
    return miko(words, {.environment = {{"MIKO_CONFIG", config}}});
  }

  void expect_refused(const Outcome& run, std::string_view why, std::string_view hint) {
    expect_fault(run, 2, "usage", "no");
    expect_message(run, "AMQP_URI has a password in clear text, and " + std::string(why));
    EXPECT_NE(run.error("/error/hint").find(hint), std::string::npos) << run.err;
    EXPECT_EQ(server_.connections(), 0);
  }

  const FakeServer server_ = FakeServer(answering(std::string(hello_ann)));
  const TemporaryDirectory directory_;
  const std::string file_ =
      directory_.write_file("config.yaml", "AMQP_URI: " + server_.uri() + "\n", 0600);
};

TEST_F(ConfigurationWithAPassword, Row84_IsTakenWhereOnlyItsOwnerMayReadIt) {
  for (const mode_t mode : {0600U, 0400U}) {
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);

    EXPECT_EQ(call_with(file_).exit_code, 0);
    EXPECT_EQ(call_with(file_, false).exit_code, 0);
  }
}

TEST_F(ConfigurationWithAPassword, Row84_IsRefusedWhereOthersMayReadIt) {
  for (const mode_t mode : {0644U, 0640U, 0604U}) {
    SCOPED_TRACE(mode);
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);

    expect_refused(call_with(file_), "others may read it", "chmod 600 " + file_);
    expect_refused(call_with(file_, false), "others may read it", "chmod 600 " + file_);
  }
}

TEST_F(ConfigurationWithAPassword, Row84_MayBeALinkToAFileThatOnlyItsOwnerMayRead) {
  const std::string link = directory_.path("link.yaml");
  ASSERT_EQ(::symlink(file_.c_str(), link.c_str()), 0);

  EXPECT_EQ(call_with(link).exit_code, 0);
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
  EXPECT_EQ(call_with(link).exit_code, 2);
}

TEST_F(ConfigurationWithAPassword, Row84_IsRefusedFromAnotherUser) {
  constexpr uid_t nobody = 65534;
  if (::chown(file_.c_str(), nobody, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "SKIPPED: only root can give a file away";
  }

  expect_refused(call_with(file_), "it belongs to another user", "belong to you or to root");
}

TEST_F(ConfigurationWithAPassword, Row84_MayComeFromAVariableInAFileThatOthersMayRead) {
  std::string uri = server_.uri();
  uri.replace(uri.find(marker_password), marker_password.size(), "${PASSWORD}");
  const std::string file = directory_.write_file("open.yaml", "AMQP_URI: " + uri + "\n", 0644);

  const Outcome run = miko({"call", "greeting", "hello", "-c", file},
                           {.environment = {{"PASSWORD", std::string(marker_password)}}});

  EXPECT_EQ(run.exit_code, 0) << run.err;
}

}  // namespace
}  // namespace miko::test
