// Where a password could be seen by others: in the arguments of the process, in files.

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

}  // namespace
}  // namespace miko::test
