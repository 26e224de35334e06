// Large results and large arguments are in memory once, not once for each step on their way.

#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "support/miko_program.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

constexpr std::size_t large = 60'000'000;

/// Runs miko where there is room for a large text once, and for all else it needs, but not twice.
Outcome miko_with_little_memory(const std::vector<std::string>& arguments) {
  Command command = miko_command(arguments, {.output = File{"/dev/null"}});
#ifndef __SANITIZE_ADDRESS__  // which needs address space of its own
  const std::string limit = "ulimit -v " + std::to_string(2 * large / 1024);
  const std::vector<std::string> words = {"sh", "-c", limit + " && exec \"$@\"", "sh"};
  command.argv.insert(command.argv.begin(), words.begin(), words.end());
#endif
  return run(std::move(command));
}

TEST(Memory, HoldsALargeResultOnce) {
  const std::string body = R"({"result": ")" + std::string(large, 'x') + R"(", "error": null})";
  const FakeServer server([&body](Peer& peer) {
    peer.log_in();
    peer.reply(peer.read_request(), body);
    peer.answer_close();
  });
  for (const char* format : {"json", "pretty", "raw", "envelope"}) {
    const Outcome run =
        miko_with_little_memory({"call", "s", "m", "-b", server.uri(), "-o", format});

    EXPECT_EQ(run.exit_code, 0) << format << ": " << run.err;
  }
}

TEST(Memory, HoldsLargeArgumentsOnce) {
  const TemporaryDirectory directory;
  const std::string text = '"' + std::string(large, 'x') + '"';
  const std::string array = directory.write_file("array", "[" + text + "]\n");
  const std::string object = directory.write_file("object", "{\"text\": " + text + "}\n");
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.reply(peer.read_request(), R"({"result": null, "error": null})");
    peer.answer_close();
  });
  for (const std::string& file : {array, object}) {
    const Outcome run =
        miko_with_little_memory({"call", "s", "m", "-b", server.uri(), "--args", "@" + file});

    EXPECT_EQ(run.exit_code, 0) << file << ": " << run.err;
  }
  ASSERT_EQ(server.requests().size(), 2U);
  EXPECT_TRUE(server.requests()[0].body == "{\"args\": [" + text + "], \"kwargs\": {}}");
  EXPECT_TRUE(server.requests()[1].body == "{\"args\": [], \"kwargs\": {\"text\": " + text + "}}");
}

}  // namespace
}  // namespace miko::test
