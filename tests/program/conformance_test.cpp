// The protocol of Nameko, point by point, as far as a caller can show it. Numbers are those of the
// checklist kept with the project's notes on the protocol.

#include <csignal>
#include <regex>

#include "support/eventually.h"
#include "support/fake_server.h"
#include "support/nameko_test.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

class ConformanceTest : public NamekoTest {
 protected:
  /// What a call looks like on the wire.
  static Request request_of(std::vector<std::string> options) {
    FakeServer server([](Peer& peer) {
      peer.log_in();
      const Request request = peer.read_request();
      peer.reply(request, R"({"result": null, "error": null})");
      peer.answer_close();
    });
    std::vector<std::string> arguments = {"call", "svc", "method", "-b", server.uri()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome run = miko::test::miko(arguments);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return server.requests().empty() ? Request() : server.requests().front();
  }
};
MIKO_FOR_BOTH_NAMEKOS(ConformanceTest);

TEST_P(ConformanceTest, C1_ARequestIsARoutedMandatoryJsonMessage) {
  const Request request = request_of({"a=b"});

  EXPECT_EQ(request.exchange, "nameko-rpc");
  EXPECT_EQ(request.routing_key, "svc.method");
  EXPECT_TRUE(request.mandatory);
  EXPECT_EQ(request.body, R"({"args": [], "kwargs": {"a": "b"}})");
  EXPECT_EQ(request.properties.content_type, "application/json");
  EXPECT_EQ(request.properties.content_encoding, "utf-8");
  EXPECT_EQ(request.properties.delivery_mode, 1);
  EXPECT_EQ(request.properties.priority, 0);
}

TEST_P(ConformanceTest, C2_TheReplyKeyHasNoDotAndTheCorrelationIdIsNew) {
  const Request first = request_of({});
  const Request second = request_of({});
  const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");

  EXPECT_TRUE(std::regex_match(first.properties.reply_to.value_or(""), uuid));
  EXPECT_TRUE(std::regex_match(first.properties.correlation_id.value_or(""), uuid));
  EXPECT_NE(first.properties.correlation_id, second.properties.correlation_id);
}

TEST_P(ConformanceTest, C3_TheReplyQueueIsExclusiveAndNamedAfterMiko) {
  Child child(miko_command({"call", "lab", "slow", ":=20", "-v", "--timeout", "20s"},
                           {.environment = {{"AMQP_URI", service().uri}}}));
  child.read_stderr_until("confirm");

  const Outcome queues = lab().rabbitmqctl(
      {"-q", "list_queues", "-p", service().vhost, "--no-table-headers", "name", "exclusive"});
  child.send_signal(SIGTERM);

  EXPECT_TRUE(std::regex_search(queues.out, std::regex("rpc\\.reply-miko-[0-9a-f-]{36}\ttrue\n")))
      << queues.out;
  EXPECT_EQ(child.wait().exit_code, 143);
}

TEST_P(ConformanceTest, C7_AnUnknownServiceIsReturnedAtOnce) {
  EXPECT_EQ(miko({"call", "nosuch", "method"}).error("/error/code"), "unknown_service");
}

TEST_P(ConformanceTest, C8_TheReplyMayComeBeforeTheConfirm) {
  const FakeServer server([](Peer& peer) {
    peer.log_in();
    const Request request = peer.read_request();
    peer.send_raw(peer.reply_frames(request, R"({"result": 1, "error": null})"));
    peer.ack(request);
    peer.answer_close();
  });

  EXPECT_EQ(miko::test::miko({"call", "s", "m", "-b", server.uri()}).out, "1\n");
}

TEST_P(ConformanceTest, C9_AMethodIsExactlyOneWord) {
  EXPECT_EQ(miko({"call", "lab", "a.b"}).error("/error/code"), "usage");
  EXPECT_EQ(miko({"call", "lab", ""}).error("/error/code"), "usage");
}

TEST_P(ConformanceTest, C10_ADottedServiceNameIsSplitAtTheLastDot) {
  EXPECT_EQ(miko({"call", "lab.dotted.hello", "=x", "-o", "raw"}).out,
            "Hello from a dotted name, x!\n");
}

TEST_P(ConformanceTest, C12_AnUnknownMethodIsNotFound) {
  const Outcome run = miko({"call", "lab", "__init__"});

  EXPECT_EQ(run.error("/error/remote/exc_path"), "nameko.exceptions.MethodNotFound");
  EXPECT_EQ(run.exit_code, 5);
}

TEST_P(ConformanceTest, C13_WrongArgumentsAreRefusedBeforeTheMethodRuns) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"=1", "=2", "=3"}, {"zz=1"}, {"=1", "a=2"}}) {
    std::vector<std::string> words = {"call", "lab", "add"};
    words.insert(words.end(), arguments.begin(), arguments.end());

    EXPECT_EQ(miko(words).error("/error/code"), "bad_arguments");
  }
}

TEST_P(ConformanceTest, C16_AnExceptionKeepsTypePathArgumentsAndValue) {
  EXPECT_EQ(miko({"call", "lab", "keyerror"}).error("/error/remote/exc_path"), "builtins.KeyError");
  EXPECT_EQ(miko({"call", "lab", "keyerror"}).error("/error/remote/value"), "'nokey'");
  EXPECT_EQ(miko({"call", "lab", "silent"}).error("/error/remote/exc_args"), "[]");
  EXPECT_EQ(miko({"call", "lab", "silent"}).error("/error/message"), "lab.silent raised Silent");
  EXPECT_EQ(miko({"call", "lab", "weird"}).error("/error/remote/exc_args"),
            R"([{"a":"1"},["1","None","2.5"],"<class 'object'>","2020-01-02",["255"]])");
}

TEST_P(ConformanceTest, C17_AResultThatCannotBeSentIsAnErrorAfterExecution) {
  const Outcome run = miko({"call", "lab", "unser"});

  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.error("/error/executed"), "yes");
  EXPECT_EQ(run.error("/error/remote/exc_type"), "UnserializableValueError");
}

TEST_P(ConformanceTest, C18_FailuresOfInnerCallsAreErrorsOfTheMethod) {
  for (const char* method :
       {"inner_boom", "inner_unknown_service", "inner_unknown_method", "inner_bad_arguments"}) {
    const Outcome run = miko({"call", "lab", method});

    EXPECT_EQ(run.exit_code, 1) << method << ": " << run.err;
    EXPECT_EQ(run.error("/error/code"), "remote_error") << method;
    EXPECT_EQ(run.error("/error/executed"), "yes") << method;
  }
}

/// C20 to C24: what would kill a service cannot be sent, whatever is typed.
TEST_P(ConformanceTest, C20_To_C24_PoisonCannotBeSent) {
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{},
                                             {"--no-expire"},
                                             {"--careful"},
                                             {"-H", "content_type:"},
                                             {"-H", "content_type: application/data"},
                                             {"-H", "reply_to: greeting.x"},
                                             {"-H", "correlation_id:"},
                                             {"--ctx", "a:=null"},
                                             {"--ctx", "nameko.call_id_stack_:=null"},
                                             {"--args", "[]", "--kwargs", "{}"},
                                             {"--exchange", "other"}}) {
    const Request request = request_of(options);

    EXPECT_EQ(request.properties.content_type, "application/json");
    EXPECT_FALSE(request.properties.reply_to.value_or("").empty());
    EXPECT_EQ(request.properties.reply_to.value_or("").find('.'), std::string::npos);
    EXPECT_TRUE(
        std::regex_search(request.properties.headers.value_or(""),
                          std::regex(R"("nameko\.call_id_stack":\["miko\.call\.[0-9a-f-]{36}"\])")))
        << request.properties.headers.value_or("");
  }
}

TEST_P(ConformanceTest, C23_TheCallIdStackCannotBeSet) {
  for (const std::vector<std::string>& options :
       std::vector<std::vector<std::string>>{{"--ctx", "call_id_stack:=null"},
                                             {"--ctx", "call_id_stack:=[1]"},
                                             {"--ctx", "call_id_stack=x"},
                                             {"--ctx", "nameko.call_id_stack:=null"},
                                             {"-H", "nameko.call_id_stack: x"},
                                             {"-H", "call_id_stack: x"},
                                             {"-H", "compression: gzip"}}) {
    std::vector<std::string> words = {"call", "lab", "nothing"};
    words.insert(words.end(), options.begin(), options.end());

    EXPECT_EQ(miko(words).error("/error/code"), "usage") << options[1];
  }
}

TEST_P(ConformanceTest, C26_TheRequestExpiresWithTheTimeoutUnlessToldNotTo) {
  const std::string expiration = request_of({"--timeout", "3s"}).properties.expiration.value_or("");

  EXPECT_GT(std::stoi(expiration), 2000);
  EXPECT_LE(std::stoi(expiration), 3000);
  EXPECT_FALSE(request_of({"--no-expire"}).properties.expiration.has_value());
}

TEST_P(ConformanceTest, C32_LargeRequestsAndRepliesPass) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("large", std::string(3'000'000, 'y'));

  EXPECT_EQ(miko({"call", "lab", "big", ":=5000000"}).out.size(), 5'000'003U);
  EXPECT_EQ(miko({"call", "lab", "echo", "=@" + file}).out.size(), 3'000'003U);
}

TEST_P(ConformanceTest, C33_TheExchangeIsUsedForRequestBindingAndReply) {
  const Request request = request_of({"--exchange", "other-rpc"});

  EXPECT_EQ(request.exchange, "other-rpc");
}

TEST_P(ConformanceTest, C35_NotANumberAndLongIntegersPass) {
  EXPECT_EQ(miko({"call", "lab", "nan"}).out, "[NaN,Infinity,-Infinity]\n");
  EXPECT_EQ(miko({"call", "lab", "echo", ":=1" + std::string(39, '0')}).out,
            "1" + std::string(39, '0') + "\n");
}

TEST_P(ConformanceTest, C55_AMissingOrEmptyErrorIsSuccessAndAMissingResultIsNot) {
  const auto answer = [](std::string body) {
    const FakeServer server([body](Peer& peer) {
      peer.log_in();
      const Request request = peer.read_request();
      peer.reply(request, body);
      peer.answer_close();
    });
    return miko::test::miko({"call", "s", "m", "-b", server.uri()});
  };

  EXPECT_EQ(answer(R"({"result": 1})").out, "1\n");
  EXPECT_EQ(answer(R"({"result": 1, "error": {}})").out, "1\n");
  EXPECT_EQ(answer(R"({"error": null})").exit_code, 8);
}

TEST_P(ConformanceTest, C56_ContextDataReachesInnerCalls) {
  const Outcome run = miko({"call", "lab", "inner_context", "--ctx", "language=en", "-H", "own:x"});

  EXPECT_NE(run.out.find(R"("language":"en")"), std::string::npos) << run.out << run.err;
  EXPECT_NE(run.out.find(R"("own":"x")"), std::string::npos) << run.out;
}

TEST_P(ConformanceTest, C58_OnlyPlainScalarsOfAConfigurationAreSubstituted) {
  const TemporaryDirectory directory;
  const std::string plain =
      directory.write_file("plain.yaml", "AMQP_URI: ${WHERE:amqp://x:y@h//}\n");
  const std::string quoted = directory.write_file("quoted.yaml", "AMQP_URI: \"${WHERE}\"\n");
  const MikoOptions where = {.environment = {{"WHERE", service().uri}}};

  EXPECT_EQ(miko({"-c", plain, "call", "greeting", "hello", "=Ann"}, where).exit_code, 0);
  EXPECT_EQ(miko({"-c", quoted, "call", "greeting", "hello", "=Ann"}, where).error("/error/code"),
            "usage");
}

TEST_P(ConformanceTest, C60_RefusalsOfTheBrokerAreTold) {
  EXPECT_EQ(
      miko({"call", "lab", "nothing", "--user", "nobody", "--password", "x"}).error("/error/code"),
      "denied");
  EXPECT_EQ(miko({"call", "lab", "nothing", "--vhost", "nope"}).error("/error/code"), "denied");
}

TEST_P(ConformanceTest, C62_ATypedBrokerBeatsAConfiguration) {
  const TemporaryDirectory directory;
  const std::string nowhere = directory.write_file("c.yaml", "AMQP_URI: amqp://127.0.0.1:1/\n");

  EXPECT_EQ(
      miko({"-c", nowhere, "-b", service().uri, "call", "greeting", "hello", "=Ann"}).exit_code, 0);
}

// Not for a caller like miko to show: C4 to C6 (other reply queues), C11 (Nameko's own clients),
// C14, C15, C19, C25 (malformed requests), C31 (prefetch), C34 (other serializers), C57 (stacks of
// more than ten). C59, the table of URIs, is tests/amqp/uri_test.cpp.

/// C27 to C30 and C61 change the service or need users of their own, so they have labs of their
/// own.
TEST(OwnLab, C27_ARequestToAFrozenServiceIsAnsweredWhenItGoesOn) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)}});
  ASSERT_EQ(::kill(own.service(nameko_2).pid, SIGSTOP), 0);
  Child child(miko_command({"call", "greeting", "hello", "=Ann", "-v", "--timeout", "20s"},
                           {.environment = {{"AMQP_URI", own.uri()}}}));
  child.read_stderr_until("confirm");

  ASSERT_EQ(::kill(own.service(nameko_2).pid, SIGCONT), 0);

  EXPECT_EQ(child.wait().out, "\"Hello, Ann!\"\n");
}

TEST(OwnLab, C30_ACallInProgressIsFinishedWhenTheServiceIsTerminated) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)}});
  Child child(miko_command(
      {"call", "lab", "record_slowly", "token=begun", "seconds:=1", "--timeout", "20s"},
      {.environment = {{"AMQP_URI", own.uri()}}}));
  const std::string executed = own.service(nameko_2).executed;
  ASSERT_TRUE(eventually([&] { return read_file(executed).find("begun") != std::string::npos; }));

  ASSERT_EQ(::kill(own.service(nameko_2).pid, SIGTERM), 0);

  EXPECT_EQ(child.wait().out, "\"begun\"\n");
}

TEST(OwnLab, C28_AnExpiredRequestLeavesTheQueueOfAServiceThatIsDown) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)}});
  const MikoOptions to_own = {.environment = {{"AMQP_URI", own.uri()}}};
  const auto waiting = [&own] {
    return own.rabbitmqctl({"-q", "list_queues", "--no-table-headers", "name", "messages"}).out;
  };
  ASSERT_EQ(::kill(own.service(nameko_2).pid, SIGKILL), 0);

  const Outcome kept =
      miko({"call", "greeting", "hello", "=Ann", "--timeout", "300ms", "--no-expire"}, to_own);
  const Outcome expired = miko({"call", "lab", "nothing", "--timeout", "300ms"}, to_own);

  EXPECT_EQ(kept.exit_code, 124) << kept.err;
  EXPECT_EQ(expired.exit_code, 124) << expired.err;
  EXPECT_TRUE(eventually([&] { return waiting().find("rpc-lab\t0") != std::string::npos; }))
      << waiting();
  EXPECT_NE(waiting().find("rpc-greeting\t1"), std::string::npos) << waiting();
}

TEST(OwnLab, C29_AKilledServiceIsNotCalledTwiceByMiko) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)}});
  Child child(miko_command(
      {"call", "lab", "record_slowly", "token=once", "seconds:=30", "-v", "--timeout", "2s"},
      {.environment = {{"AMQP_URI", own.uri()}}}));
  const std::string executed = own.service(nameko_2).executed;
  ASSERT_TRUE(eventually([&] { return read_file(executed).find("once") != std::string::npos; }));

  ASSERT_EQ(::kill(own.service(nameko_2).pid, SIGKILL), 0);
  const Outcome run = child.wait();

  EXPECT_EQ(run.exit_code, 124);
  EXPECT_EQ(run.error("/error/executed"), "maybe");
  EXPECT_EQ(read_file(executed), "once\n");
}

TEST(OwnLab, C61_TheLeastRightsSuffice) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const User limited = {.name = "limited",
                        .password = "m4rker-Secret",
                        .configure = "^rpc\\.reply-miko-.*",
                        .write = "^(nameko-rpc|rpc\\.reply-miko-.*)$",
                        .read = "^(nameko-rpc|rpc\\.reply-miko-.*)$"};
  const User none = {
      .name = "none", .password = "m4rker-Secret", .configure = "^$", .write = "^$", .read = "^$"};
  const User dispatching = {.name = "dispatching",
                            .password = "m4rker-Secret",
                            .configure = "^$",
                            .write = "^shop\\.events$",
                            .read = "^$"};
  const User listening = {.name = "listening",
                          .password = "m4rker-Secret",
                          .configure = "^rpc\\.reply-miko-.*",
                          .write = "^rpc\\.reply-miko-.*",
                          .read = "^(shop\\.events|rpc\\.reply-miko-.*)$"};
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)},
                              .users = {limited, none, dispatching, listening}});

  const Outcome allowed = miko({"call", "greeting", "hello", "=Ann", "-b", own.uri(limited)});
  const Outcome refused = miko({"call", "greeting", "hello", "=Ann", "-b", own.uri(none)});

  for (const User& user : {dispatching, listening, none}) {
    SCOPED_TRACE(user.name);
    const int denied = 7;
    EXPECT_EQ(miko({"dispatch", "shop", "paid", "-b", own.uri(user)}).exit_code,
              user.name == "dispatching" ? 0 : denied);
    for (const char* queue : {"", "least"}) {
      EXPECT_EQ(miko({"listen", "shop", "--for", "10ms", "-b", own.uri(user),
                      *queue == '\0' ? "--no-reconnect" : "--durable=" + std::string(queue)})
                    .exit_code,
                user.name == "listening" ? 0 : denied);
    }
  }
  EXPECT_EQ(allowed.out, "\"Hello, Ann!\"\n") << allowed.err;
  EXPECT_EQ(refused.exit_code, 7) << refused.err;
  EXPECT_EQ(refused.error("/error/executed"), "no");
}

}  // namespace
}  // namespace miko::test
