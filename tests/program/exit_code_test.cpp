// Every exit status with its error.code and executed word. Where the broker must misbehave on
// purpose, a scripted server does.

#include <csignal>

#include "support/fake_server.h"
#include "support/lab.h"
#include "support/miko_program.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

Outcome call(const std::string& uri, std::vector<std::string> options = {}, MikoOptions how = {}) {
  std::vector<std::string> arguments = {"call", "greeting", "hello", "name=Ann", "--broker", uri};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return miko(std::move(arguments), std::move(how));
}

void expect_failure(const Outcome& run, int exit_code, std::string_view code,
                    std::string_view executed) {
  EXPECT_EQ(run.exit_code, exit_code) << run.err;
  EXPECT_EQ(run.error("/error/code"), code) << run.err;
  EXPECT_EQ(run.error("/error/executed"), executed) << run.err;
  EXPECT_EQ(run.out, "");
}

/// A broker that logs in, takes the request and answers it with `body`.
FakeServer::Script answering(std::string body, ReplyOptions options = {}) {
  return [body = std::move(body), options](Peer& peer) {
    peer.log_in();
    const Request request = peer.read_request();
    peer.reply(request, body, options);
    peer.answer_close();
  };
}

constexpr std::string_view hello_ann = R"({"result": "Hello, Ann!", "error": null})";

TEST(ExitCode, Is0ForAResult) {
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run = call(server.uri());

  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
  EXPECT_EQ(run.err, "");
}

TEST(ExitCode, Is1WhenTheMethodRaised) {
  const FakeServer server(answering(
      R"({"result": null, "error": {"exc_type": "Boom", "exc_path": "x.Boom", "exc_args": [], "value": ""}})"));

  expect_failure(call(server.uri()), 1, "remote_error", "yes");
}

TEST(ExitCode, Is2ForAnOptionThatDoesNotExist) {
  expect_failure(miko({"call", "greeting", "hello", "--tiemout", "1s"}), 2, "usage", "no");
}

TEST(ExitCode, Is2ForArgumentsThatAreNotJson) {
  expect_failure(miko({"call", "greeting", "hello", "--args", "[1,"}), 2, "usage", "no");
}

TEST(ExitCode, Is4WhenTheRequestComesBack) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.return_unroutable(peer.read_request());
    peer.answer_close();
  });

  expect_failure(call(server.uri()), 4, "unknown_service", "no");
}

TEST(ExitCode, Is4WithoutANamekoExchange) {
  MIKO_NEEDS_BROKER();

  const Outcome run = call(lab().uri("empty"));

  expect_failure(run, 4, "unknown_service", "no");
  EXPECT_NE(run.error("/error/message").find("no Nameko exchange"), std::string::npos) << run.err;
}

TEST(ExitCode, Is5WhenTheServiceRefusesTheCall) {
  const FakeServer unknown(answering(
      R"({"result": null, "error": {"exc_type": "MethodNotFound", "exc_path": "nameko.exceptions.MethodNotFound", "exc_args": ["hello"], "value": "hello"}})"));
  const FakeServer signature(answering(
      R"({"result": null, "error": {"exc_type": "IncorrectSignature", "exc_path": "nameko.exceptions.IncorrectSignature", "exc_args": ["hello() takes 0"], "value": "hello() takes 0"}})"));

  expect_failure(call(unknown.uri()), 5, "unknown_method", "no");
  expect_failure(call(signature.uri()), 5, "bad_arguments", "no");
}

TEST(ExitCode, Is1WhenARefusalSpeaksOfAnInnerCall) {
  const FakeServer server(answering(
      R"({"result": null, "error": {"exc_type": "MethodNotFound", "exc_path": "nameko.exceptions.MethodNotFound", "exc_args": ["other"], "value": "other"}})"));

  expect_failure(call(server.uri()), 1, "remote_error", "yes");
}

TEST(ExitCode, Is6WhenNobodyListens) {
  const std::string uri = "amqp://127.0.0.1:" + std::to_string(unused_port()) + "/";

  const Outcome run = call(uri);

  expect_failure(run, 6, "unreachable", "no");
  EXPECT_NE(run.error("/error/message").find("connection refused"), std::string::npos) << run.err;
}

TEST(ExitCode, Is6ForAServerThatIsNotAmqp) {
  const FakeServer server([](Peer& peer) {
    peer.send_raw("HTTP/1.1 400 Bad Request\r\n\r\n\x1b[31m");
    peer.finish();
  });

  const Outcome run = call(server.uri());

  expect_failure(run, 6, "unreachable", "no");
  EXPECT_NE(run.error("/error/message").find("not an AMQP server"), std::string::npos) << run.err;
}

TEST(ExitCode, Is7WhenTheLoginIsRefused) {
  MIKO_NEEDS_BROKER();

  const Outcome run = call(lab().uri(), {"--user", "nobody", "--password", "wrong"});

  expect_failure(run, 7, "denied", "no");
  EXPECT_NE(run.error("/error/message").find("nobody"), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("wrong"), std::string::npos);
}

TEST(ExitCode, Is7WhenTheVhostDoesNotExist) {
  MIKO_NEEDS_BROKER();

  expect_failure(call(lab().uri("no such vhost")), 7, "denied", "no");
}

TEST(ExitCode, Is7WhenTheRequestIsLargerThanTheBrokerAllows) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start(
      {.nameko_versions = {std::string(nameko_2)}, .broker_config = {"max_message_size = 1000"}});

  const Outcome allowed = call(own.uri());
  const Outcome refused = call(own.uri(), {"text=" + std::string(1000, 'x')});

  EXPECT_EQ(allowed.exit_code, 0) << allowed.err;
  expect_failure(refused, 7, "denied", "no");
  EXPECT_NE(refused.error("/error/hint").find("max_message_size"), std::string::npos);
}

TEST(ExitCode, Is8ForAReplyThatCannotBeUnderstood) {
  const FakeServer not_json(answering("<html>"));
  const FakeServer no_result(answering(R"({"error": null})"));
  const FakeServer pickled(answering("x", {.content_type = "application/x-python-serialize"}));
  const FakeServer too_large(answering(std::string(hello_ann)));

  expect_failure(call(not_json.uri()), 8, "bad_reply", "yes");
  expect_failure(call(no_result.uri()), 8, "bad_reply", "yes");
  expect_failure(call(pickled.uri()), 8, "bad_reply", "yes");
  expect_failure(call(too_large.uri(), {"--max-reply-size", "10"}), 8, "bad_reply", "yes");
}

TEST(ExitCode, Is9WhenTheConnectionIsLostAfterTheRequest) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.ack(peer.read_request());
    peer.reset();
  });

  expect_failure(call(server.uri()), 9, "connection_lost", "maybe");
}

TEST(ExitCode, Is10WhenTheResultCannotBeWritten) {
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run = call(server.uri(), {}, {.output = File{"/dev/full"}});

  expect_failure(run, 10, "output_failed", "yes");
}

TEST(ExitCode, Is10BeforeAnythingIsSentWhenStandardOutputIsClosed) {
  const FakeServer server(answering(std::string(hello_ann)));

  const Outcome run = call(server.uri(), {}, {.output = Closed{}});

  expect_failure(run, 10, "output_failed", "no");
  EXPECT_EQ(server.connections(), 0);
}

#ifndef __SANITIZE_ADDRESS__  // the sanitizers want descriptors of their own
TEST(ExitCode, Is70WhenDescriptorsRunOut) {
  const Outcome run = miko::test::run(
      {.argv = {"/bin/sh", "-c", "ulimit -n 4; exec \"$0\" call a b", miko_path()}});

  expect_failure(run, 70, "internal", "no");
}
#endif

TEST(ExitCode, Is124WhenNobodyAnswers) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    peer.ack(peer.read_request());
    peer.stay_silent();
  });

  expect_failure(call(server.uri(), {"--timeout", "200ms"}), 124, "timeout", "maybe");
}

TEST(ExitCode, Is130And143WhenInterruptedAndTheProcessDiesOfTheSignal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    SCOPED_TRACE(signal);
    const FakeServer server([](Peer& peer) {
      peer.log_in();
      peer.ack(peer.read_request());
      peer.stay_silent();
    });
    Child child(miko_command({"call", "greeting", "hello", "-v", "--broker", server.uri()}));
    child.read_stderr_until("confirm");

    child.send_signal(signal);
    const Outcome run = child.wait();

    EXPECT_EQ(run.signal, signal);
    expect_failure(run, 128 + signal, "interrupted", "maybe");
  }
}

TEST(ExitCode, IsTheSameWithTheFailureInTheEnvelope) {
  const FakeServer server(answering(
      R"({"result": null, "error": {"exc_type": "Boom", "exc_path": "x.Boom", "exc_args": [], "value": ""}})"));

  const Outcome run = call(server.uri(), {"-o", "envelope"});

  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "");
  EXPECT_NE(run.out.find(R"({"ok":false,"service":"greeting","method":"hello","result":null,)"
                         R"("error":{"code":"remote_error")"),
            std::string::npos)
      << run.out;
}

}  // namespace
}  // namespace miko::test
