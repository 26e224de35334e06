// stdout is data, stderr is talk: formats, terminals, colours.

#include <gtest/gtest.h>

#include "support/fake_server.h"
#include "support/miko_program.h"

namespace miko::test {
namespace {

/// A server that answers every call with this result.
FakeServer::Script result(std::string json) {
  return [json = std::move(json)](Peer& peer) {
    peer.log_in();
    const Request request = peer.read_request();
    peer.reply(request, R"({"result": )" + json + R"(, "error": null})");
    peer.answer_close();
  };
}

Outcome call(const FakeServer& server, std::vector<std::string> options, MikoOptions how = {}) {
  std::vector<std::string> arguments = {"call", "s", "m", "-b", server.uri()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return miko(std::move(arguments), std::move(how));
}

TEST(Output, IsOneLineOfJsonInAPipe) {
  const FakeServer server(result("{\"b\": [1, 2],\n \"a\": \"x\"}"));

  EXPECT_EQ(call(server, {}).out, "{\"b\":[1,2],\"a\":\"x\"}\n");
  EXPECT_EQ(call(server, {"-o", "json"}).out, "{\"b\":[1,2],\"a\":\"x\"}\n");
}

TEST(Output, IsIndentedAndColouredOnATerminal) {
  const FakeServer server(result("[1]"));
  const MikoOptions terminal = {.environment = {{"TERM", "xterm"}}, .output = Terminal{}};

  EXPECT_EQ(call(server, {}, terminal).out, "[\n  1\n]\n");
  const FakeServer text(result("\"x\""));
  EXPECT_EQ(call(text, {}, terminal).out, "\x1b[32m\"x\"\x1b[0m\n");
}

TEST(Output, IsColouredOnlyWhereWanted) {
  const FakeServer server(result("\"x\""));
  const auto terminal = [](std::map<std::string, std::string> environment) {
    return MikoOptions{.environment = std::move(environment), .output = Terminal{}};
  };

  EXPECT_EQ(call(server, {}, terminal({{"TERM", "xterm"}, {"NO_COLOR", "1"}})).out, "\"x\"\n");
  EXPECT_EQ(call(server, {}, terminal({{"TERM", "dumb"}})).out, "\"x\"\n");
  EXPECT_EQ(call(server, {"--color", "never"}, terminal({{"TERM", "xterm"}})).out, "\"x\"\n");
  EXPECT_EQ(call(server, {"--color", "always", "-o", "pretty"}).out, "\x1b[32m\"x\"\x1b[0m\n");
  EXPECT_EQ(call(server, {"-o", "pretty"}, {.environment = {{"CLICOLOR_FORCE", "1"}}}).out,
            "\x1b[32m\"x\"\x1b[0m\n");
  EXPECT_EQ(call(server, {"--color", "always"}).out, "\"x\"\n") << "json is never coloured";
}

TEST(Output, RawTakesTheQuotesOffAStringOnly) {
  const FakeServer text(result(R"("a\nb")"));
  const FakeServer list(result(R"(["a"])"));

  EXPECT_EQ(call(text, {"-o", "raw"}).out, "a\nb\n");
  EXPECT_EQ(call(list, {"-o", "raw"}).out, "[\"a\"]\n");
}

TEST(Output, EnvelopeHasEverythingOnOneLine) {
  const FakeServer server(result("{\"a\": 1}"));

  const Outcome run = call(server, {"-o", "envelope"});

  EXPECT_EQ(
      run.out.find(
          R"({"ok":true,"service":"s","method":"m","result":{"a":1},"error":null,"elapsed_ms":)"),
      0U)
      << run.out;
  EXPECT_NE(run.out.find(R"("correlation_id":")"), std::string::npos);
  EXPECT_EQ(run.out.find('\n'), run.out.size() - 1);
}

TEST(Output, NonePrintsNothing) {
  const FakeServer server(result("1"));

  const Outcome run = call(server, {"-o", "none"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_EQ(run.out, "");
}

TEST(Output, TheFormatCanComeFromTheEnvironment) {
  const FakeServer server(result("\"x\""));

  EXPECT_EQ(call(server, {}, {.environment = {{"MIKO_OUTPUT", "raw"}}}).out, "x\n");
  EXPECT_EQ(call(server, {"-o", "json"}, {.environment = {{"MIKO_OUTPUT", "raw"}}}).out, "\"x\"\n");
}

TEST(Output, AClosedStandardErrorChangesNothing) {
  const FakeServer server(result("1"));

  const Outcome run = call(server, {"-v"}, {.errors = Closed{}});

  EXPECT_EQ(run.out, "1\n");
  EXPECT_EQ(run.exit_code, 0);
}

TEST(Output, TheResultIsThereBeforeTheGoodbye) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    const Request request = peer.read_request();
    peer.reply(request, R"({"result": 1, "error": null})");
    peer.stay_silent();
  });
  Child child(miko_command({"call", "s", "m", "-b", server.uri(), "--timeout", "20s"}));

  const std::string out = child.read_stdout_until("\n");

  EXPECT_EQ(out, "1\n");
  EXPECT_EQ(child.wait().exit_code, 0);
}

}  // namespace
}  // namespace miko::test
