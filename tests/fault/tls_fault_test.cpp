// Rows 42 to 51 of the fault matrix: TLS, with an authority made by the openssl program.

#include <sys/stat.h>

#include <regex>

#include "fault/fault_call.h"
#include "support/authority.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

using std::chrono::milliseconds;

const Authority& authority() {
  static const Authority made;
  return made;
}

/// `openssl s_server` with this certificate; its stdin goes to miko and what miko says to stdout.
class TlsServer {
 public:
  explicit TlsServer(const std::string& certificate, std::vector<std::string> options = {})
      : child_(command(certificate, std::move(options))) {
    const std::string& said = child_.read_stdout_until("ACCEPT 127.0.0.1:");
    const std::size_t start = said.find("ACCEPT 127.0.0.1:") + 17;
    while (child_.read_stdout_until("\n").find('\n', start) == std::string::npos) {
    }
    port_ = std::stoi(said.substr(start));
  }

  [[nodiscard]] std::string uri(const std::string& host = "127.0.0.1") const {
    return "amqps://ann:m4rker-Secret@" + host + ":" + std::to_string(port_) + "/";
  }

  Child& child() { return child_; }

 private:
  static Command command(const std::string& certificate, std::vector<std::string> options) {
    Command command = {.argv = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
                                authority().path(certificate + ".pem"), "-key",
                                authority().path(certificate + ".key")},
                       .input = Pipe{}};
    command.argv.insert(command.argv.end(), options.begin(), options.end());
    return command;
  }

  Child child_;
  int port_ = 0;
};

/// All that a broker says up to the confirmation of one request, whatever the client says.
std::string broker_monologue() {
  Bytes start;
  start.u8(0).u8(9).table().long_string("PLAIN").long_string("en_US");
  Bytes queue;
  queue.short_string("q").u32(0).u32(0);
  return method_frame(0, {10, 10}, start) +
         method_frame(0, {10, 30}, Bytes().u16(2047).u32(131072).u16(60)) +
         method_frame(0, {10, 41}, Bytes().short_string("")) +
         method_frame(1, {20, 11}, Bytes().long_string("")) + method_frame(1, {85, 11}) +
         method_frame(1, {50, 11}, queue) + method_frame(1, {50, 21}) +
         method_frame(1, {60, 21}, Bytes().short_string("t"));
}

std::vector<std::string> trusting(std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"--cacert", authority().path("ca.pem")});
  return options;
}

TEST(TlsFault, Row42_AuthorityIsUnknown) {
  const TlsServer server("server");

  const Outcome run = fault_call(server.uri());

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "the certificate of 127.0.0.1");
  expect_message(run, "is not accepted: unable to get local issuer certificate");
  EXPECT_EQ(run.error("/error/hint").find("insecure"), std::string::npos) << run.err;
  EXPECT_NE(run.error("/error/hint").find("--cacert"), std::string::npos) << run.err;
}

TEST(TlsFault, Row43_CertificateIsForAnotherName) {
  const TlsServer server("other");

  const Outcome run = fault_call(server.uri(), {.options = trusting()});
  const Outcome named =
      fault_call(server.uri(), {.options = trusting({"--servername", "host.example.org"})});

  expect_fault(run, 7, "denied", "no");
  expect_message(run, "the certificate of 127.0.0.1");
  expect_message(run, "it is for rabbit.example.com, not for 127.0.0.1");
  expect_fault(named, 7, "denied", "no");
  expect_message(named, "it is for rabbit.example.com, not for host.example.org");
}

TEST(TlsFault, Row43_NameInTheCertificateIsNotForATerminal) {
  const TlsServer server("nasty");

  const Outcome run =
      fault_call(server.uri(), {.options = trusting(), .how = {.errors = Terminal{}}});

  EXPECT_EQ(run.exit_code, 7);
  EXPECT_NE(run.err.find("it is for <"), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find('\x1b'), std::string::npos);
  EXPECT_EQ(run.err.find('\x07'), std::string::npos);
}

TEST(TlsFault, Row44_CertificateHasExpired) {
  const TlsServer server("expired");

  const Outcome run = fault_call(server.uri(), {.options = trusting()});

  expect_fault(run, 7, "denied", "no");
  const std::regex why("it expired on [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5} UTC");
  EXPECT_TRUE(std::regex_search(run.error("/error/message"), why)) << run.err;
}

TEST(TlsFault, Row45_CertificateIsForTheAddress) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    SCOPED_TRACE(host);
    TlsServer server("server");
    Child child(miko_command(fault_words(server.uri(host), {.options = trusting()})));
    server.child().write_input(broker_monologue());
    const std::string& said = server.child().read_stdout_until("\"kwargs\": {}}");
    // The correlation id stands before the name of the reply queue's key, both UUIDs.
    const std::regex ids(R"(\$([0-9a-f]{8}-[0-9a-f-]{27})\$[0-9a-f]{8}-)");
    std::smatch id;
    ASSERT_TRUE(std::regex_search(said, id, ids));
    const std::string body(hello_ann);
    server.child().write_input(
        method_frame(1, {60, 60},
                     Bytes().short_string("t").u64(1).u8(0).short_string("e").short_string("k")) +
        frame(
            FrameType::header, 1,
            Bytes().u16(60).u16(0).u64(body.size()).raw(encode({.correlation_id = id[1]})).str()) +
        frame(FrameType::body, 1, body) + method_frame(0, {10, 51}));

    const Outcome run = child.wait();

    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.out, "\"Hello, Ann!\"\n");
  }
}

TEST(TlsFault, Row46_TlsToAPlainPort) {
  const FakeServer silent([](Peer& peer) { peer.freeze(); });
  const FakeServer plain([](Peer& peer) {
    // RabbitMQ's answer to a greeting that is none.
    peer.send_raw(std::string_view("AMQP\x00\x00\x09\x01", 8));
    peer.finish();
  });
  const std::string host = "amqps://127.0.0.1:";

  const Outcome run = fault_call(host + std::to_string(plain.port()));
  const Outcome late =
      fault_call(host + std::to_string(silent.port()), {.timeout = milliseconds(300)});

  expect_fault(run, 6, "unreachable", "no");
  EXPECT_NE(run.error("/error/hint").find("a port without TLS?"), std::string::npos) << run.err;
  expect_fault(late, 6, "unreachable", "no");
}

TEST(TlsFault, Row46_PlainToATlsPort) {
  const TlsServer server("server");
  std::string uri = server.uri();
  uri.replace(0, 5, "amqp");

  for (const char* pace : {"-v", "--careful"}) {
    SCOPED_TRACE(pace);
    const Outcome run = fault_call(uri, {.options = {pace}, .timeout = milliseconds(2000)});

    EXPECT_EQ(run.exit_code, 6) << run.err;
    EXPECT_EQ(run.error("/error/code"), "unreachable");
    EXPECT_NE(run.error("/error/hint").find("TLS"), std::string::npos) << run.err;
  }
}

TEST(TlsFault, Row47_ServerIsSilentDuringTheHandshake) {
  const FakeServer server([](Peer& peer) { peer.stay_silent(); });

  const Outcome run = fault_call("amqps://127.0.0.1:" + std::to_string(server.port()) + "/",
                                 {.timeout = milliseconds(300)});

  expect_fault(run, 6, "unreachable", "no");
  expect_message(run, "timed out");
}

TEST(TlsFault, Row47_HandshakeDripsPastTheDeadline) {
  const FakeServer server([](Peer& peer) {
    peer.drip(std::string("\x16\x03\x03\x40\x00", 5) + std::string(10'000, '\x02'), 1,
              milliseconds(10));
  });

  const Outcome run = fault_call("amqps://127.0.0.1:" + std::to_string(server.port()) + "/",
                                 {.timeout = milliseconds(300)});

  expect_fault(run, 6, "unreachable", "no");
}

/// Options for TLS that no connection is even tried with.
struct FileMistake {
  std::vector<std::string> options;
  std::string message;
};

TEST(TlsFault, Row48_KeyIsEncrypted) {
  const FakeServer server([](Peer& peer) { peer.freeze(); });
  const std::string uri = "amqps://127.0.0.1:" + std::to_string(server.port()) + "/";
  const std::vector<std::string> options = {"--cert", authority().path("server.pem"), "--key",
                                            authority().path("encrypted.key")};

  // OpenSSL would ask on the terminal, where nobody answers.
  const Outcome run = fault_call(uri, {.options = options, .how = {.input = Terminal{}}});

  expect_fault(run, 2, "usage", "no");
  expect_message(run, "encrypted.key': it is encrypted, which is not supported");
  EXPECT_EQ(server.connections(), 0);
}

TEST(TlsFault, Row49_FilesAreMissingOrDoNotBelongTogether) {
  const FakeServer server([](Peer& peer) { peer.freeze(); });
  const std::string uri = "amqps://127.0.0.1:" + std::to_string(server.port()) + "/";
  const auto path = [](std::string_view name) { return authority().path(name); };
  const std::string missing = "nothing.pem': No such file or directory";
  const std::string none = "server.key': it has no certificate in PEM";
  const FileMistake mistakes[] = {
      {{"--cacert", path("nothing.pem")}, "the CA file '" + path(missing)},
      {{"--cacert", path("server.key")}, "the CA file '" + path(none)},
      {{"--cert", path("nothing.pem")}, "the certificate '" + path(missing)},
      {{"--cert", path("server.key")}, "the certificate '" + path(none)},
      {{"--cert", path("server.pem")}, "server.pem': it has no key in PEM"},
      {{"--cert", path("server.pem"), "--key", path("nothing.pem")}, "the key '" + path(missing)},
      {{"--cert", path("server.pem"), "--key", path("stranger.key")},
       "stranger.key' does not belong to the certificate '" + path("server.pem")},
      {{"--cert", path("server.pem"), "--key", path("rsa.key")},
       "rsa.key' does not belong to the certificate '" + path("server.pem")},
      {{"--key", path("server.key")}, "a TLS key without a certificate"},
  };
  for (const FileMistake& mistake : mistakes) {
    SCOPED_TRACE(mistake.message);
    const Outcome run = fault_call(uri, {.options = mistake.options});

    expect_fault(run, 2, "usage", "no");
    expect_message(run, mistake.message);
    EXPECT_EQ(server.connections(), 0);
  }
}

TEST(TlsFault, Row50_CutWithoutAGoodbye) {
  TlsServer server("server");
  Child child(miko_command(fault_words(server.uri(), {.options = trusting({"-v"})})));
  server.child().write_input(broker_monologue() + method_frame(1, {60, 80}, Bytes().u64(1).u8(0)));
  child.read_stderr_until("confirm");

  server.child().send_signal(SIGKILL);
  const Outcome run = child.wait();

  expect_fault(run, 9, "connection_lost", "maybe");
}

TEST(TlsFault, Row51_ServerSpeaksAnOldTls) {
  for (const char* version : {"-tls1", "-tls1_1"}) {
    SCOPED_TRACE(version);
    const TlsServer server("server", {version, "-cipher", "ALL:@SECLEVEL=0"});

    const Outcome run = fault_call(server.uri(), {.options = trusting()});

    expect_fault(run, 6, "unreachable", "no");
    expect_message(run, "TLS with");
  }
}

TEST(TlsFault, Row51_Tls12IsTheOldestSpoken) {
  for (const auto& [option, version] : {std::pair("-tls1_2", "TLSv1.2"), {"-tls1_3", "TLSv1.3"}}) {
    const TlsServer server("server", {option});
    Child child(miko_command(fault_words(server.uri(), {.options = trusting({"-v"})})));

    EXPECT_NE(child.read_stderr_until("publish").find(version), std::string::npos);
  }
}

TEST(TlsFault, Row47_AFloodOfHelloRequests) {
  std::string many;
  while (many.size() < 32768) {
    many += std::string_view("\x16\x03\x03\0\x04\0\0\0\0", 9);
  }
  const FakeServer server([&many](Peer& peer) {
    while (true) {
      peer.send_raw(many);
    }
  });
  FaultCall call = {.timeout = milliseconds(300)};
  call.how.time_limit = std::chrono::seconds(6);
  expect_fault(fault_call("amqps://127.0.0.1:" + std::to_string(server.port()) + "/", call), 6,
               "unreachable", "no");
}

}  // namespace
}  // namespace miko::test
