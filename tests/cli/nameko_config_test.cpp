#include "cli/nameko_config.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temporary.h"
#include "support/variables.h"

namespace miko::cli {
namespace {

using std::chrono::seconds;
using test::environment;
using test::TemporaryDirectory;
using test::Variables;

NamekoConfig read_file(const std::string& file, const Variables& variables = {}) {
  const Loop loop;
  FileInput input(loop, Clock::now() + seconds(10));
  return read_nameko_config(file, environment(variables), input);
}

NamekoConfig read(const std::string& yaml, const Variables& variables = {}) {
  const TemporaryDirectory directory;
  return read_file(directory.write_file("config.yaml", yaml), variables);
}

/// The complaint about a file, without the directory it is in.
std::string complaint_about(const std::string& yaml, const Variables& variables = {}) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("config.yaml", yaml);
  try {
    static_cast<void>(read_file(file, variables));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with(file + ":")) << message;
    return message.substr(file.size() + 1);
  }
  return "none";
}

TEST(SubstituteEnvironment, ReplacesVariables) {
  const Variables variables = {{"A", "one"}, {"B", "two"}, {"EMPTY", ""}, {"D", "${A}"}};
  const std::pair<std::string, std::string_view> cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"${A}", "one"},
      {"${A:default}", "one"},
      {"${X}", ""},
      {"${X:}", ""},
      {"${X:default}", "default"},
      {"${X:amqp://x:y@h//}", "amqp://x:y@h//"},
      {"${X:a b: c}", "a b: c"},
      {"${X:$}", "$"},
      {"${EMPTY:default}", ""},
      {"amqp://${A}:${B:x}@${H:host}:${P:5672}/", "amqp://one:two@host:5672/"},
      {"$A", "$A"},
      {"${A", "${A"},
      {"A}", "A}"},
      {"$${A}", "$one"},
      {"${}", "${}"},
      {"${:x}", "${:x}"},
      {"{A}", "{A}"},
      {"${D}", "${A}"},
      {"x${A}y}", "xoney}"},
  };
  for (const auto& [text, result] : cases) {
    SCOPED_TRACE(text);

    EXPECT_EQ(substitute_environment(text, environment(variables)), result);
  }
}

TEST(SubstituteEnvironment, RefusesVariablesInsideVariables) {
  for (const std::string text : {"${A:${B}}", "${A:${B:x}}", "${A}}", "${A:${B} x}"}) {
    SCOPED_TRACE(text);

    EXPECT_THROW(static_cast<void>(substitute_environment(text, environment({}))), Error);
  }
}

TEST(ReadNamekoConfig, ReadsWhatConcernsTheBroker) {
  const NamekoConfig config = read(
      "AMQP_URI: amqp://bob:pw@h:1/v\n"
      "rpc_exchange: 'other'\n"
      "LOGIN_METHOD: AMQPLAIN\n"
      "HEARTBEAT: 30\n"
      "WEB_SERVER_ADDRESS: [0, {x: 1}]\n");

  EXPECT_EQ(config.broker, "amqp://bob:pw@h:1/v");
  EXPECT_EQ(config.exchange, "other");
  EXPECT_EQ(config.login_method, "AMQPLAIN");
  EXPECT_EQ(config.heartbeat, seconds(30));
  EXPECT_FALSE(config.tls);
}

TEST(ReadNamekoConfig, LeavesOpenWhatIsNotSaid) {
  for (const std::string yaml : {"", "# nothing\n", "---\n", "other: 1\n", "AMQP_URI:\n",
                                 "AMQP_URI: ~\nAMQP_SSL:\nHEARTBEAT: null\n"}) {
    SCOPED_TRACE(yaml);

    const NamekoConfig config = read(yaml);

    EXPECT_EQ(config.broker, std::nullopt);
    EXPECT_EQ(config.exchange, std::nullopt);
    EXPECT_EQ(config.login_method, std::nullopt);
    EXPECT_EQ(config.heartbeat, std::nullopt);
    EXPECT_FALSE(config.tls);
  }
}

TEST(ReadNamekoConfig, SubstitutesInPlainAndTaggedScalarsOnly) {
  const Variables variables = {{"A", "amqp://one"}};
  const std::pair<std::string, std::string_view> cases[] = {
      {"${A}", "amqp://one"},
      {"${A}/v", "amqp://one/v"},
      {"${X:amqp://x:y@h//}", "amqp://x:y@h//"},
      {"amqp://${U:guest}:${P:guest}@${H:localhost}", "amqp://guest:guest@localhost"},
      {"\"${A}\"", "${A}"},
      {"'${A}/v'", "${A}/v"},
      {"!env_var ${A}", "amqp://one"},
      {"!env_var \"${A}/v\"", "amqp://one/v"},
      {"!raw_env_var \"${A}\"", "amqp://one"},
      {"!raw_env_var \"${X:~}\"", "~"},
      {"$A", "$A"},
  };
  for (const auto& [scalar, broker] : cases) {
    SCOPED_TRACE(scalar);

    EXPECT_EQ(read("AMQP_URI: " + scalar + "\n", variables).broker, broker);
  }
}

TEST(ReadNamekoConfig, TypesScalarsAfterSubstitution) {
  const NamekoConfig config = read(
      "HEARTBEAT: ${HB:30}\n"
      "AMQP_SSL: ${SSL}\n"
      "AMQP_URI: ${URI}\n"
      "rpc_exchange: ${X:~}\n",
      {{"SSL", "true"}, {"URI", "\"quoted: text\""}});

  EXPECT_EQ(config.heartbeat, seconds(30));
  EXPECT_TRUE(config.tls);
  EXPECT_EQ(config.broker, "quoted: text");
  EXPECT_EQ(config.exchange, std::nullopt);
}

TEST(ReadNamekoConfig, TakesAWholeMappingFromAVariable) {
  const NamekoConfig config =
      read("AMQP_SSL: ${SSL}\n", {{"SSL", "{ca_certs: /ca.pem, cert_reqs: CERT_NONE}"}});

  EXPECT_TRUE(config.tls);
  EXPECT_EQ(config.ca_file, "/ca.pem");
  EXPECT_TRUE(config.insecure);
}

TEST(ReadNamekoConfig, TakesAnEmptyVariableForNothingAndNotForTheDefault) {
  EXPECT_EQ(read("AMQP_URI: ${A:amqp://default}\n", {{"A", ""}}).broker, std::nullopt);
  EXPECT_EQ(read("AMQP_URI: ${A}\n").broker, std::nullopt);
}

TEST(ReadNamekoConfig, LooksUpVariablesThatVariablesReferTo) {
  EXPECT_EQ(read("AMQP_URI: ${A}\n", {{"A", "${B}/v"}, {"B", "amqp://b"}}).broker, "amqp://b/v");
}

TEST(ReadNamekoConfig, StopsAtVariablesThatReferToEachOtherWithoutEnd) {
  EXPECT_EQ(complaint_about("\nAMQP_URI: ${A}\n", {{"A", "x${B}"}, {"B", "y${A}"}}).substr(2),
            " its variables refer to each other without end");
}

TEST(ReadNamekoConfig, ReadsTlsSwitches) {
  const std::pair<std::string_view, bool> cases[] = {
      {"true", true}, {"True", true}, {"yes", true}, {"false", false}, {"no", false}, {"{}", true},
  };
  for (const auto& [value, tls] : cases) {
    SCOPED_TRACE(value);

    EXPECT_EQ(read("AMQP_SSL: " + std::string(value) + "\n").tls, tls);
  }
}

TEST(ReadNamekoConfig, ReadsTlsMappings) {
  const NamekoConfig config = read(
      "AMQP_SSL:\n"
      "  ca_certs: ${CA:/ca.pem}\n"
      "  certfile: /c.pem\n"
      "  keyfile: /k.pem\n"
      "  server_hostname: name\n"
      "  ssl_version: 2\n");

  EXPECT_TRUE(config.tls);
  EXPECT_EQ(config.ca_file, "/ca.pem");
  EXPECT_EQ(config.certificate, "/c.pem");
  EXPECT_EQ(config.key, "/k.pem");
  EXPECT_EQ(config.server_name, "name");
  EXPECT_FALSE(config.insecure);
}

TEST(ReadNamekoConfig, ReadsWhetherCertificatesAreVerified) {
  const std::pair<std::string_view, bool> cases[] = {
      {"CERT_NONE", true}, {"ssl.CERT_NONE", true},  {"0", true},
      {"1", false},        {"CERT_REQUIRED", false}, {"2", false},
  };
  for (const auto& [value, insecure] : cases) {
    SCOPED_TRACE(value);

    EXPECT_EQ(read("AMQP_SSL: {cert_reqs: " + std::string(value) + "}\n").insecure, insecure);
  }
}

TEST(ReadNamekoConfig, SaysWhichLineIsWrong) {
  const std::pair<std::string, std::string_view> cases[] = {
      {"- AMQP_URI\n", "1: it is not a mapping"},
      {"text\n", "1: it is not a mapping"},
      {"a: 1\nAMQP_URI: [x]\n", "2: AMQP_URI is not a text"},
      {"a: 1\n\nHEARTBEAT: often\n", "3: HEARTBEAT is not a number of seconds"},
      {"HEARTBEAT: -1\n", "1: HEARTBEAT is not a number of seconds"},
      {"HEARTBEAT: 65536\n", "1: HEARTBEAT is not a number of seconds"},
      {"HEARTBEAT: 1.5\n", "1: HEARTBEAT is not a number of seconds"},
      {"a: 1\nAMQP_SSL: maybe\n", "2: AMQP_SSL is neither true, false nor a mapping"},
      {"AMQP_SSL: [1]\n", "1: AMQP_SSL is neither true, false nor a mapping"},
      {"AMQP_SSL:\n  ca_certs: [1]\n", "2: ca_certs is not a text"},
      {"a: 1\nAMQP_URI: ${A:${B}}\n", "2: variables inside variables are not supported"},
  };
  for (const auto& [yaml, complaint] : cases) {
    SCOPED_TRACE(yaml);

    EXPECT_EQ(complaint_about(yaml), complaint);
  }
}

TEST(ReadNamekoConfig, SaysInWhichLineTheYamlIsWrong) {
  EXPECT_TRUE(complaint_about("a: 1\nb: }\n").starts_with("2: "));
  EXPECT_TRUE(complaint_about("a: 1\nb: 2\n\tc: 3\n").starts_with("3: "));
}

TEST(ReadNamekoConfig, RefusesAFileThatIsNotThere) {
  const TemporaryDirectory directory;
  const std::string file = directory.path("missing.yaml");

  try {
    static_cast<void>(read_file(file));
    ADD_FAILURE() << "read it";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.what(), "cannot read '" + file + "': No such file or directory");
  }
}

TEST(ReadNamekoConfig, NamesTheLineOfAVariableWithABadValue) {
  EXPECT_TRUE(complaint_about("\n\nAMQP_URI: ${A}\n", {{"A", "a: b: c"}}).starts_with("3:"));
  EXPECT_TRUE(complaint_about("\n\nAMQP_URI: ${A}\n", {{"A", "[x]"}}).starts_with("3:"));
  EXPECT_TRUE(complaint_about("\n\nAMQP_SSL: ${A}\n", {{"A", "maybe"}}).starts_with("3:"));
}

TEST(ReadNamekoConfig, FollowsMergeKeys) {
  EXPECT_EQ(read("base: &base\n  AMQP_URI: amqp://merged\n<<: *base\n").broker, "amqp://merged");
  EXPECT_EQ(read("<<: {AMQP_URI: amqp://merged}\nAMQP_URI: amqp://own\n").broker, "amqp://own");
}

TEST(ReadNamekoConfig, RefusesMappingsThatMergeWithThemselves) {
  for (const char* yaml : {"&a\n<<: *a\n", "base: &a\n  <<: *a\n<<: *a\n", "&a {<<: *a}\n"}) {
    SCOPED_TRACE(yaml);

    EXPECT_NE(complaint_about(yaml).find("its mappings merge with each other without end"),
              std::string::npos);
  }
}

TEST(ReadNamekoConfig, RefusesWhatIsFarTooLarge) {
  const TemporaryDirectory directory;
  const std::string large = directory.write_file("large.yaml", std::string(2'000'000, '#'));
  std::string doubling;
  for (int i = 0; i < 100; ++i) {
    doubling += "${A}";
  }

  EXPECT_THROW(static_cast<void>(read_file(large)), Error);
  EXPECT_EQ(complaint_about("AMQP_URI: ${A}\n", {{"A", doubling}}),
            "1: it is too long with its variables replaced");
}

TEST(ReadNamekoConfig, RefusesADirectory) {
  const TemporaryDirectory directory;

  EXPECT_THROW(static_cast<void>(read_file(directory.path())), Error);
}

TEST(ReadNamekoConfig, TakesNoPasswordInClearTextFromAFileThatOthersMayRead) {
  const TemporaryDirectory directory;
  const std::string refused[] = {
      "amqp://ann:pw@h",   "amqps://ann:pw@h:1/v",     "amqp://ann:${P:pw}@h",
      "\"amqp://a:p@h\"",  "!env_var amqp://${U}:p@h", "amqp://h;amqp://a:p@h",
      "${A:amqp://a:p@h}", "amqp://guest:pw@h",
  };
  for (const std::string& uri : refused) {
    SCOPED_TRACE(uri);
    const std::string file = directory.write_file("config.yaml", "a: 1\nAMQP_URI: " + uri, 0644);
    try {
      static_cast<void>(read_file(file));
      ADD_FAILURE() << "read it";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_EQ(error.what(), file +
                                  ":2: AMQP_URI has a password in clear text, and others may "
                                  "read it");
      EXPECT_EQ(error.failure().hint,
                "chmod 600 " + file + ", or write ${VARIABLE} instead of the password");
    }
  }
}

TEST(ReadNamekoConfig, TakesAFileThatOthersMayReadWithoutAPasswordInIt) {
  const TemporaryDirectory directory;
  const std::string taken[] = {
      "amqp://h",
      "amqp://ann@h",
      "amqp://ann:@h",
      "amqp://guest:guest@h",
      "amqp://ann:${P}@h",
      "amqp://${U}:${P}@h:1/v",
      "amqp://${U:guest}:${P:guest}@h",
      "${A}",
      "~",
  };
  for (const std::string& uri : taken) {
    SCOPED_TRACE(uri);
    const std::string file = directory.write_file("config.yaml", "AMQP_URI: " + uri, 0644);

    EXPECT_NO_THROW(static_cast<void>(read_file(file, {{"P", "pw"}, {"A", "amqp://ann:pw@h"}})));
  }
}

}  // namespace
}  // namespace miko::cli
