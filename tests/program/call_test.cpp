// miko call against real Nameko services: what can be typed, and what comes back.

#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class CallTest : public NamekoTest {};
MIKO_FOR_BOTH_NAMEKOS(CallTest);

TEST_P(CallTest, PrintsWhatTheMethodReturns) {
  const Outcome run = miko({"call", "greeting", "hello", "name=Ann"});

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.exit_code, 0);
}

TEST_P(CallTest, SplitsServiceAndMethodAtTheLastDot) {
  EXPECT_EQ(miko({"call", "greeting.hello", "name=Ann"}).out, "\"Hello, Ann!\"\n");
  EXPECT_EQ(miko({"call", "lab.dotted.hello", "name=Ann"}).out,
            "\"Hello from a dotted name, Ann!\"\n");
  EXPECT_EQ(miko({"call", "lab.dotted", "hello", "name=Ann"}).out,
            "\"Hello from a dotted name, Ann!\"\n");
}

TEST_P(CallTest, TakesPositionalArguments) {
  EXPECT_EQ(miko({"call", "greeting.hello", "--args", R"(["Ann"])"}).out, "\"Hello, Ann!\"\n");
  EXPECT_EQ(miko({"call", "greeting.hello", "=Ann"}).out, "\"Hello, Ann!\"\n");
  EXPECT_EQ(miko({"call", "lab", "add", ":=40", ":=2"}).out, "42\n");
}

TEST_P(CallTest, TakesKeywordArguments) {
  EXPECT_EQ(miko({"call", "lab.add", "--args", R"({"a": 40, "b": 2})"}).out, "42\n");
  EXPECT_EQ(miko({"call", "lab.add", "a:=40", "b:=2"}).out, "42\n");
  EXPECT_EQ(miko({"call", "lab.add", "--args", "[40]", "--kwargs", R"({"b": 2})"}).out, "42\n");
  EXPECT_EQ(miko({"call", "lab.add", "--args", "[40]", "b:=2"}).out, "42\n");
}

TEST_P(CallTest, ReadsArgumentsFromStandardInput) {
  const Outcome run =
      miko({"call", "greeting", "hello", "--args", "@-"}, {.input = Text{R"({"name": "Ann"})"}});

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST_P(CallTest, ReadsArgumentsFromFiles) {
  const TemporaryDirectory directory;
  const std::string json = directory.write_file("args.json", "{\n  \"name\": \"Ann\"\n}\n");
  const std::string text = directory.write_file("name.txt", "Ann");

  EXPECT_EQ(miko({"call", "greeting.hello", "--args", "@" + json}).out, "\"Hello, Ann!\"\n");
  EXPECT_EQ(miko({"call", "greeting.hello", "name=@" + text}).out, "\"Hello, Ann!\"\n");
  EXPECT_EQ(miko({"call", "lab.echo", ":=@" + json}).out, "{\"name\":\"Ann\"}\n");
}

TEST_P(CallTest, LeavesStandardInputAlone) {
  const Outcome run = run_shell(
      "printf 'Ann\\nBob\\n' | while read -r name; do miko call greeting hello name=\"$name\"; "
      "done");

  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n\"Hello, Bob!\"\n");
}

TEST_P(CallTest, TakesGlobalOptionsBeforeAndBehindTheCommand) {
  EXPECT_EQ(miko({"-o", "raw", "call", "greeting.hello", "name=Ann"}).out, "Hello, Ann!\n");
  EXPECT_EQ(miko({"call", "-o", "raw", "greeting.hello", "name=Ann"}).out, "Hello, Ann!\n");
  EXPECT_EQ(miko({"call", "greeting.hello", "name=Ann", "-o", "raw"}).out, "Hello, Ann!\n");
}

TEST_P(CallTest, PrintsNullForAMethodThatReturnsNothing) {
  EXPECT_EQ(miko({"call", "lab.nothing"}).out, "null\n");
}

TEST_P(CallTest, SendsContextDataAndHeaders) {
  const Outcome run = miko({"call", "lab.context", "--ctx", "language=en", "--ctx",
                            R"(nested:={"a":[1,2.5,true,null]})", "-H", "plain: text"});

  EXPECT_NE(run.out.find(R"("language":"en")"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(R"("nested":{"a":[1,2.5,true,null]})"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(R"("plain":"text")"), std::string::npos) << run.out;
}

TEST_P(CallTest, SendsACallIdStackThatTheServiceExtends) {
  const Outcome run = miko({"call", "lab.context"});

  EXPECT_NE(run.out.find(R"("call_id_stack":["miko.call.)"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(R"("origin":"miko.call.)"), std::string::npos) << run.out;
}

TEST_P(CallTest, ReportsAnExceptionWithItsTypeAndArguments) {
  const Outcome run = miko({"call", "lab", "boom"});

  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.error("/error/code"), "remote_error");
  EXPECT_EQ(run.error("/error/executed"), "yes");
  EXPECT_EQ(run.error("/error/message"), "lab.boom raised Boom: ('bang', 42)");
  EXPECT_EQ(run.error("/error/service"), "lab");
  EXPECT_EQ(run.error("/error/method"), "boom");
  EXPECT_EQ(run.error("/error/remote/exc_type"), "Boom");
  EXPECT_EQ(run.error("/error/remote/exc_path"), "lab_service.Boom");
  EXPECT_EQ(run.error("/error/remote/exc_args"), R"(["bang","42"])");
  EXPECT_EQ(run.error("/error/remote/value"), "('bang', 42)");
}

TEST_P(CallTest, ReportsAnUnknownServiceAtOnce) {
  const Outcome run = miko({"call", "greting", "hello"});

  EXPECT_EQ(run.exit_code, 4);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.error("/error/code"), "unknown_service");
  EXPECT_EQ(run.error("/error/executed"), "no");
}

TEST_P(CallTest, ReportsAnUnknownMethodAsNotExecuted) {
  const Outcome run = miko({"call", "lab", "nope"});

  EXPECT_EQ(run.exit_code, 5);
  EXPECT_EQ(run.error("/error/code"), "unknown_method");
  EXPECT_EQ(run.error("/error/executed"), "no");
}

TEST_P(CallTest, ReportsArgumentsTheMethodDoesNotTakeAsNotExecuted) {
  const Outcome run = miko({"call", "lab", "add"});

  EXPECT_EQ(run.exit_code, 5);
  EXPECT_EQ(run.error("/error/code"), "bad_arguments");
  EXPECT_EQ(run.error("/error/executed"), "no");
}

TEST_P(CallTest, SaysMaybeExecutedWhenNobodyAnswersInTime) {
  const Outcome run = miko({"--timeout", "200ms", "call", "lab", "slow", ":=1"});

  EXPECT_EQ(run.exit_code, 124);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(run.error("/error/code"), "timeout");
  EXPECT_EQ(run.error("/error/executed"), "maybe");
}

TEST_P(CallTest, CallsCarefullyToo) {
  EXPECT_EQ(miko({"--careful", "call", "greeting.hello", "name=Ann"}).out, "\"Hello, Ann!\"\n");
}

TEST_P(CallTest, SendsARequestLargerThanTheFirstFlight) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("large.txt", std::string(3'000'000, 'x'));

  const Outcome run = miko({"call", "lab.echo", "=@" + file});

  EXPECT_EQ(run.out, "\"" + std::string(3'000'000, 'x') + "\"\n");
}

TEST_P(CallTest, ReceivesALargeReply) {
  const Outcome run = miko({"call", "lab.big", ":=5000000", "-o", "raw"});

  EXPECT_EQ(run.out, std::string(5'000'000, 'x') + "\n");
}

TEST_P(CallTest, TellsEachStepWhenVerbose) {
  const Outcome run = miko({"-v", "call", "greeting.hello", "name=Ann"});

  for (const char* step : {"resolve", "connect", "login", "publish", "reply"}) {
    EXPECT_NE(run.err.find(step), std::string::npos) << step << " in\n" << run.err;
  }
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
}

TEST_P(CallTest, DryRunPrintsTheMessageAndSendsNothing) {
  const std::string token = "dry-run-" + std::string(GetParam());

  const Outcome run = miko({"call", "lab.record", "token=" + token, "--dry-run", "--ctx", "a=b"});

  EXPECT_EQ(run.exit_code, 0);
  EXPECT_NE(run.out.find(R"("routing_key":"lab.record")"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(R"("nameko.a":"b")"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find(R"("body":{"args":[],"kwargs":{"token":")" + token), std::string::npos);
  EXPECT_EQ(read_file(service().executed).find(token), std::string::npos);
}

}  // namespace
}  // namespace miko::test
