// The library face: installed with its CMake package, it builds and runs the example program; and
// one connection serves many calls.

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

TEST(Library, TheExampleHasUnderTwentyLines) {
  const std::string text = read_file(MIKO_SOURCE_DIR "/examples/call.cpp");

  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 20);
}

}  // namespace
}  // namespace miko::test
