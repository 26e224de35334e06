// TLS with a real RabbitMQ and a private authority; the scripted servers of tls_fault_test.cpp do
// the rest.

#include "fault/real_broker.h"
#include "support/authority.h"

namespace miko::test {
namespace {

const Authority& authority() {
  static const Authority made;
  return made;
}

/// "amqps://USER:PASSWORD@HOST:PORT/" of the TLS listener of `lab`.
std::string tls_uri(const Lab& lab, const std::string& host = "127.0.0.1") {
  return "amqps://" + lab.user() + ":" + lab.password() + "@" + host + ":" +
         std::to_string(lab.tls_port()) + "/";
}

std::vector<std::string> hello(std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"greeting", "hello", "name=Ann"});
  return options;
}

void expect_hello(const Outcome& run) {
  EXPECT_EQ(run.out, "\"Hello, Ann!\"\n") << run.err;
  EXPECT_EQ(run.exit_code, 0);
}

TEST(TlsBroker, Row45_ServesWhoTrustsItsAuthority) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own =
      Lab::start({.nameko_versions = {std::string(nameko_2)}, .tls = authority().folder()});
  const std::string ca = authority().path("ca.pem");
  const std::string uri = tls_uri(own);
  const std::string plain_scheme = "amqp" + uri.substr(5);
  const TemporaryDirectory directory;
  const std::string config = directory.write_file(
      "config.yaml", "AMQP_URI: " + plain_scheme + "\nAMQP_SSL: {ca_certs: " + ca + "}\n");

  expect_hello(call_at(uri, hello({"--cacert", ca})));
  expect_hello(call_at(tls_uri(own, "localhost"), hello({"--cacert", ca})));
  expect_hello(call_at(plain_scheme, hello({"--tls", "--cacert", ca})));
  expect_hello(call_at(uri + "?ssl_ca_certs=" + ca, hello()));
  expect_hello(call_at(uri, hello(), {.environment = {{"MIKO_CACERT", ca}}}));
  expect_hello(miko({"call", "greeting", "hello", "name=Ann", "-c", config}));
  expect_hello(call_at(uri, hello({"--insecure"})));
  // Where the system's authorities are, to OpenSSL.
  expect_hello(call_at(uri, hello(), {.environment = {{"SSL_CERT_FILE", ca}}}));

  const Outcome stranger = call_at(uri, hello());
  expect_fault(stranger, 7, "denied", "no");
  expect_message(stranger, "is not accepted: ");
  const Outcome other_name = call_at(uri, hello({"--cacert", ca, "--servername", "example.com"}));
  expect_fault(other_name, 7, "denied", "no");
  expect_message(other_name, "it is for 127.0.0.1, localhost, not for example.com");
}

TEST(TlsBroker, Row46_TlsAndPlainAreMixedUp) {
  MIKO_NEEDS_BROKER();
  const Lab own = Lab::start({.tls = authority().folder()});
  std::string tls_to_plain = own.uri();
  tls_to_plain.replace(0, 4, "amqps");
  const std::string plain_to_tls = "amqp" + tls_uri(own).substr(5);

  const Outcome to_plain = call_at(tls_to_plain, hello());
  expect_fault(to_plain, 6, "unreachable", "no");
  EXPECT_NE(to_plain.error("/error/hint").find("a port without TLS?"), std::string::npos)
      << to_plain.err;

  for (const char* pace : {"-v", "--careful"}) {
    SCOPED_TRACE(pace);
    const Outcome to_tls = call_at(plain_to_tls, hello({pace}));
    EXPECT_EQ(to_tls.exit_code, 6) << to_tls.err;
    EXPECT_NE(to_tls.error("/error/hint").find("TLS"), std::string::npos) << to_tls.err;
  }
}

TEST(TlsBroker, Row49_WantsACertificateFromItsClients) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)},
                              .broker_config = {"ssl_options.verify = verify_peer",
                                                "ssl_options.fail_if_no_peer_cert = true"},
                              .tls = authority().folder()});
  const Authority others;
  const TemporaryDirectory directory;
  const std::string certificate = authority().path("client.pem");
  const std::string key = authority().path("client.key");
  const std::string both =
      directory.write_file("both.pem", read_file(certificate) + read_file(key));
  const auto with = [](std::vector<std::string> options) {
    options.insert(options.begin(), {"--cacert", authority().path("ca.pem")});
    return hello(std::move(options));
  };

  for (const char* pace : {"-v", "--careful"}) {
    SCOPED_TRACE(pace);
    expect_hello(call_at(tls_uri(own), with({"--cert", certificate, "--key", key, pace})));
    expect_hello(call_at(tls_uri(own), with({"--cert", both, pace})));

    const Outcome without = call_at(tls_uri(own), with({pace}));
    expect_fault(without, 7, "denied", "no");
    expect_message(without, "refused the client certificate");

    const Outcome foreign = call_at(tls_uri(own), with({"--cert", others.path("client.pem"),
                                                        "--key", others.path("client.key"), pace}));
    expect_fault(foreign, 7, "denied", "no");
    expect_message(foreign, "refused the client certificate");
  }
}

TEST(TlsBroker, ServesItsManagementApiWithTheSameCertificatesAndUsers) {
  MIKO_NEEDS_NAMEKO(nameko_2);
  const Lab own = Lab::start({.nameko_versions = {std::string(nameko_2)},
                              .broker_config = {"ssl_options.verify = verify_peer",
                                                "ssl_options.fail_if_no_peer_cert = true"},
                              .tls = authority().folder(),
                              .management = true});
  const Authority others;
  const std::string ca = authority().path("ca.pem");
  const auto services = [&](std::vector<std::string> options, const std::string& broker,
                            const std::string& host = "127.0.0.1") {
    const std::vector<std::string> start = {
        "services",
        "--broker",
        broker,
        "--management",
        "https://" + host + ":" + std::to_string(own.management_port()) + "/",
        "--cert",
        authority().path("client.pem"),
        "--key",
        authority().path("client.key")};
    options.insert(options.begin(), start.begin(), start.end());
    return miko(std::move(options));
  };

  for (const std::string& broker : {own.uri(), tls_uri(own)}) {
    SCOPED_TRACE(broker.substr(0, 5));
    const Outcome trusted = services({"--cacert", ca}, broker);
    EXPECT_EQ(trusted.exit_code, 0) << trusted.err;
    EXPECT_NE(trusted.out.find(R"("service":"greeting")"), std::string::npos);
    EXPECT_EQ(services({"--cacert", ca}, broker, "localhost").exit_code, 0);
    EXPECT_EQ(services({"--insecure"}, broker).exit_code, 0);

    const Outcome stranger = services({"--cacert", others.path("ca.pem")}, broker);
    expect_fault(stranger, 7, "denied", "no");
    EXPECT_EQ(stranger.error("/error/hint"), "--cacert FILE names the authority to trust");
    EXPECT_EQ(services({}, broker).exit_code, 7);
  }
  const Outcome without = miko({"services", "--broker", own.uri(), "--cacert", ca, "--management",
                                "https://127.0.0.1:" + std::to_string(own.management_port())});
  EXPECT_EQ(without.exit_code, 6) << without.err;
  const Outcome from_system =
      miko({"services", "--broker", own.uri(), "--management",
            "https://127.0.0.1:" + std::to_string(own.management_port()), "--cert",
            authority().path("client.pem"), "--key", authority().path("client.key")},
           {.environment = {{"SSL_CERT_FILE", ca}}});
  EXPECT_EQ(from_system.exit_code, 0) << from_system.err;
}

}  // namespace
}  // namespace miko::test
