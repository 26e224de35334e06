// The library face: installed with its CMake package, it builds and runs the example program.

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
                "-DCMAKE_PREFIX_PATH=" + prefix, flags.empty() ? "-DCMAKE_CXX_FLAGS=" : flags});
  ASSERT_EQ(configure.exit_code, 0) << configure.out << configure.err;
  const Outcome compile = run_step({"cmake", "--build", build});
  ASSERT_EQ(compile.exit_code, 0) << compile.out;
  const Outcome call = run({.argv = {build + "/call", "Ann"},
                            .environment = {{"AMQP_URI", lab().service(nameko_2).uri}}});

  EXPECT_EQ(call.out, "\"Hello, Ann!\"\n") << call.err;
  EXPECT_EQ(call.exit_code, 0);
}

TEST(Library, TheExampleHasUnderTwentyLines) {
  const std::string text = read_file(MIKO_SOURCE_DIR "/examples/call.cpp");

  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 20);
}

}  // namespace
}  // namespace miko::test
