#include "amqp/uri.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::amqp {
namespace {

Endpoint parse_one(std::string_view uri) {
  const std::vector<Endpoint> endpoints = parse_broker_uris(uri);
  EXPECT_EQ(endpoints.size(), 1U);
  return endpoints.front();
}

/// What parsing `uri` fails with; a failure without message if it does not.
Failure failure_of(std::string_view uri) {
  try {
    static_cast<void>(parse_broker_uris(uri));
  } catch (const Error& error) {
    return error.failure();
  }
  return {};
}

TEST(ParseBrokerUris, ReadsEveryPart) {
  const Endpoint endpoint = parse_one("amqp://bob:secret@broker.example:5673/orders");

  EXPECT_EQ(endpoint.user, "bob");
  EXPECT_EQ(endpoint.password, "secret");
  EXPECT_EQ(endpoint.host, "broker.example");
  EXPECT_EQ(endpoint.port, 5673);
  EXPECT_EQ(endpoint.vhost, "orders");
  EXPECT_FALSE(endpoint.tls);
}

TEST(ParseBrokerUris, DefaultsToGuestWithoutPasswordOnThisMachine) {
  const Endpoint endpoint = parse_one("amqp://");

  EXPECT_EQ(endpoint.host, "localhost");
  EXPECT_EQ(endpoint.effective_port(), 5672);
  EXPECT_EQ(endpoint.vhost, "/");
  EXPECT_EQ(endpoint.user, "guest");
  EXPECT_EQ(endpoint.password, std::nullopt);
  EXPECT_EQ(endpoint.heartbeat, std::nullopt);
  EXPECT_EQ(endpoint.login_method, "");
  EXPECT_TRUE(endpoint.tls_options.verify);
  EXPECT_TRUE(endpoint.tls_options.check_name);
}

TEST(ParseBrokerUris, ReadsPathsAsKombuDoes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"amqp://h", "/"},           {"amqp://h/", "/"},          {"amqp://h//", "/"},
      {"amqp://h/%2F", "/"},       {"amqp://h/%2f", "/"},       {"amqp://h/v", "v"},
      {"amqp://h/%2Fa", "/a"},     {"amqp://h//a", "/a"},       {"amqp://h/a/b", "a/b"},
      {"amqp://h/v%20w", "v w"},   {"amqp://h/v+w", "v+w"},     {"amqp://h/%C3%A9", "é"},
      {"amqp://h/v?ssl=0", "v"},   {"amqp://h?ssl=0", "/"},     {"amqp://h/v#fragment", "v"},
      {"amqp://h#/fragment", "/"}, {"amqp://u:p@h/v:w", "v:w"},
  };
  for (const auto& [uri, vhost] : cases) {
    SCOPED_TRACE(uri);

    EXPECT_EQ(parse_one(uri).vhost, vhost);
  }
}

TEST(ParseBrokerUris, KnowsThreeSchemes) {
  struct Case {
    std::string_view uri;
    bool tls;
    std::string_view address;
  };
  const Case cases[] = {
      {"amqp://h", false, "h:5672"},         {"pyamqp://h", false, "h:5672"},
      {"amqps://h", true, "h:5671"},         {"amqps://h:5672", true, "h:5672"},
      {"amqp://h:5671", false, "h:5671"},    {"amqp://h:", false, "h:5672"},
      {"amqp://h:1", false, "h:1"},          {"amqp://h:65535", false, "h:65535"},
      {"amqp://h?ssl=true", true, "h:5671"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.uri);

    const Endpoint endpoint = parse_one(c.uri);

    EXPECT_EQ(endpoint.tls, c.tls);
    EXPECT_EQ(endpoint.address(), c.address);
  }
}

TEST(ParseBrokerUris, DecodesUserAndPassword) {
  struct Case {
    std::string_view uri;
    std::string_view user;
    std::optional<std::string> password;
  };
  const Case cases[] = {
      {"amqp://u%40x:p%2Fw@h", "u@x", "p/w"},
      {"amqp://u:a:b@h", "u", "a:b"},
      {"amqp://u:%25%3A@h", "u", "%:"},
      {"amqp://u:p+w@h", "u", "p+w"},
      {"amqp://u:@h", "u", ""},
      {"amqp://u@h", "u", std::nullopt},
      {"amqp://@h", "guest", std::nullopt},
      {"amqp://:p@h", "guest", "p"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.uri);

    const Endpoint endpoint = parse_one(c.uri);

    EXPECT_EQ(endpoint.user, c.user);
    EXPECT_EQ(endpoint.password, c.password);
    EXPECT_EQ(endpoint.host, "h");
  }
}

TEST(ParseBrokerUris, ReadsIpv6Addresses) {
  const Endpoint endpoint = parse_one("amqp://u:p@[2001:db8::1]:5673/v");

  EXPECT_EQ(endpoint.host, "2001:db8::1");
  EXPECT_EQ(endpoint.port, 5673);
  EXPECT_EQ(endpoint.address(), "[2001:db8::1]:5673");
  EXPECT_EQ(parse_one("amqp://[::1]").address(), "[::1]:5672");
}

TEST(ParseBrokerUris, ReadsTheQuery) {
  const Endpoint endpoint = parse_one(
      "amqp://h/v?heartbeat=30&login_method=AMQPLAIN&ssl_ca_certs=/c/ca%2Ecrt&ssl_certfile=/c/c.pem"
      "&ssl_keyfile=/c/k.pem&ssl_server_hostname=other&ssl_check_hostname=False&unknown=1&&x");

  EXPECT_EQ(endpoint.vhost, "v");
  EXPECT_EQ(endpoint.heartbeat, std::chrono::seconds(30));
  EXPECT_EQ(endpoint.login_method, "AMQPLAIN");
  EXPECT_TRUE(endpoint.tls);
  EXPECT_EQ(endpoint.tls_options.ca_file, "/c/ca.crt");
  EXPECT_EQ(endpoint.tls_options.certificate, "/c/c.pem");
  EXPECT_EQ(endpoint.tls_options.key, "/c/k.pem");
  EXPECT_EQ(endpoint.tls_options.server_name, "other");
  EXPECT_FALSE(endpoint.tls_options.check_name);
  EXPECT_TRUE(endpoint.tls_options.verify);
}

TEST(ParseBrokerUris, TurnsTlsOnByQuery) {
  const std::pair<std::string_view, bool> cases[] = {
      {"amqp://h?ssl=true", true}, {"amqp://h?ssl=True", true},      {"amqp://h?ssl=1", true},
      {"amqp://h?ssl=0", false},   {"amqp://h?ssl=False", false},    {"amqp://h?ssl", false},
      {"amqps://h?ssl=0", true},   {"amqp://h?ssl_keyfile=k", true},
  };
  for (const auto& [uri, tls] : cases) {
    SCOPED_TRACE(uri);

    EXPECT_EQ(parse_one(uri).tls, tls);
  }
}

TEST(ParseBrokerUris, ReadsWhetherToVerifyTheCertificate) {
  const std::pair<std::string_view, bool> cases[] = {
      {"amqps://h", true},
      {"amqps://h?ssl_cert_reqs=CERT_REQUIRED", true},
      {"amqps://h?ssl_cert_reqs=required", true},
      {"amqps://h?ssl_cert_reqs=CERT_NONE", false},
      {"amqps://h?ssl_cert_reqs=none", false},
  };
  for (const auto& [uri, verify] : cases) {
    SCOPED_TRACE(uri);

    EXPECT_EQ(parse_one(uri).tls_options.verify, verify);
  }
}

TEST(ParseBrokerUris, ReadsSeveralInOrder) {
  const std::vector<Endpoint> endpoints =
      parse_broker_uris("amqp://a:p@h1/v; amqps://b:q@h2:1 ;pyamqp://h3");

  ASSERT_EQ(endpoints.size(), 3U);
  EXPECT_EQ(endpoints[0].address(), "h1:5672");
  EXPECT_EQ(endpoints[0].vhost, "v");
  EXPECT_EQ(endpoints[1].address(), "h2:1");
  EXPECT_EQ(endpoints[1].user, "b");
  EXPECT_EQ(endpoints[1].vhost, "/");
  EXPECT_EQ(endpoints[2].address(), "h3:5672");
  EXPECT_EQ(endpoints[2].password, std::nullopt);
}

TEST(ParseBrokerUris, TakesSixtyFourButNotMore) {
  std::string uris = "amqp://h";
  for (int i = 1; i < 64; ++i) {
    uris += ";amqp://h";
  }

  EXPECT_EQ(parse_broker_uris(uris).size(), 64U);
  EXPECT_EQ(failure_of(uris + ";amqp://h").message, "more than 64 broker URIs");
}

TEST(ParseBrokerUris, SaysWhatIsWrong) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "it has no scheme"},
      {"h:5672", "it has no scheme"},
      {"amqp:/h", "it has no scheme"},
      {"amqp://h;", "it has no scheme"},
      {"http://h", "the scheme is not amqp, pyamqp or amqps"},
      {"://h", "the scheme is not amqp, pyamqp or amqps"},
      {"amqp://u:p%2@h", "'%' is not followed by two hexadecimal digits"},
      {"amqp://u:p%zz@h", "'%' is not followed by two hexadecimal digits"},
      {"amqp://u:p%+1@h", "'%' is not followed by two hexadecimal digits"},
      {"amqp://h/100%", "'%' is not followed by two hexadecimal digits"},
      {"amqp://h/v%00", "it contains a NUL"},
      {"amqp://u:p@x@h", "it has two @"},
      {"amqp://h:0", "the port is not a number from 1 to 65535"},
      {"amqp://h:70000", "the port is not a number from 1 to 65535"},
      {"amqp://h:56x", "the port is not a number from 1 to 65535"},
      {"amqp://h:-1", "the port is not a number from 1 to 65535"},
      {"amqp://[::1", "'[' without ']'"},
      {"amqp://[::1]5672", "expected ':' and a port after ']'"},
      {"amqp://h?heartbeat=x", "heartbeat is not a number of seconds"},
      {"amqp://h?heartbeat=", "heartbeat is not a number of seconds"},
      {"amqp://h?heartbeat=65536", "heartbeat is not a number of seconds"},
      {"amqp://h?heartbeat=-1", "heartbeat is not a number of seconds"},
      {"amqp://h?login_method=plain", "login_method is not PLAIN, AMQPLAIN or EXTERNAL"},
  };
  for (const auto& [uri, why] : cases) {
    SCOPED_TRACE(uri);

    const Failure failure = failure_of(uri);

    EXPECT_EQ(failure.kind, ErrorKind::usage);
    EXPECT_TRUE(failure.message.ends_with(why)) << failure.message;
  }
}

TEST(ParseBrokerUris, RefusesVhostsOverAShortString) {
  EXPECT_EQ(parse_one("amqp://h/" + std::string(255, 'v')).vhost, std::string(255, 'v'));
  EXPECT_TRUE(failure_of("amqp://h/" + std::string(256, 'v'))
                  .message.ends_with("the vhost has more than 255 bytes"));
}

TEST(ParseBrokerUris, NeverShowsAPassword) {
  const std::string_view uris[] = {
      "http://u:hidden@h",
      "u:hidden@h",
      "amqp://u:hidden%@h",
      "amqp://u:hid@hidden@h",
      "amqp://u:hidden/x@h",
      "amqp://u:hidden#x@h",
      "amqp://u:hidden?x@h",
      "amqp://u:hidden",
      "amqp://u:hid;hidden@h",
      "amqp://u:hidden@h:70000",
      "amqp://u:hidden@[::1",
      "amqp://u:hidden@h/%",
      "amqp://u:hidden@h/%00",
      "amqp://:hidden@h:0",
      "amqp://u:hidden@h?heartbeat=x",
      "amqp://u:x?login_method=hidden@h",
      "amqp://h;amqp://u:hidden%@h2",
  };
  for (const std::string_view uri : uris) {
    SCOPED_TRACE(uri);

    const Failure failure = failure_of(uri);

    EXPECT_FALSE(failure.message.empty());
    EXPECT_EQ(failure.message.find("hidden"), std::string::npos) << failure.message;
    EXPECT_EQ(failure.hint.find("hidden"), std::string::npos) << failure.hint;
  }
}

TEST(ParseBrokerUris, ShowsNoControlCharacters) {
  EXPECT_EQ(failure_of("http://\x1b[2J\n").message,
            R"(bad broker URI 'http://\x1b[2J\n': the scheme is not amqp, pyamqp or amqps)");
}

TEST(EndpointAddress, ShowsNoControlCharactersOfTheHost) {
  EXPECT_EQ(Endpoint{.host = "h\x1b[2J"}.address(), R"(h\x1b[2J:5672)");
}

}  // namespace
}  // namespace miko::amqp
