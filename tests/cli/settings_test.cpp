#include "cli/settings.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "support/temporary.h"
#include "support/variables.h"

namespace miko::cli {
namespace {

using std::chrono::seconds;
using test::environment;
using test::TemporaryDirectory;
using test::Variables;

Settings resolve(const TypedOptions& typed, const Variables& variables = {}) {
  const Loop loop;
  return resolve_settings(typed, environment(variables), loop, Clock::now());
}

OutputOptions output(const TypedOptions& typed, const Variables& variables = {}) {
  return resolve_output(typed, environment(variables));
}

template <class Action>
std::string complaint_about(const Action& action) {
  try {
    static_cast<void>(action());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

TEST(ResolveSettings, HasDefaults) {
  const Settings settings = resolve({});

  EXPECT_EQ(settings.connection.broker, "amqp://guest:guest@localhost:5672/");
  EXPECT_EQ(settings.connection.host, std::nullopt);
  EXPECT_EQ(settings.connection.password, std::nullopt);
  EXPECT_EQ(settings.connection.exchange, "nameko-rpc");
  EXPECT_EQ(settings.timeout, seconds(5));
  EXPECT_EQ(settings.connection.timeout, seconds(5));
  EXPECT_FALSE(settings.connection.tls);
  EXPECT_FALSE(settings.connection.careful);
}

TEST(ResolveSettings, ReadsTheConfigurationBeforeTheDeadlineOfTheCommand) {
  const TemporaryDirectory directory;
  const std::string config = directory.write_file("config.yaml", "AMQP_URI: amqp://broker\n");
  const Clock::time_point long_ago = Clock::now() - seconds(60);
  const auto resolve_with = [&](const std::string& timeout) {
    return resolve_settings({.config = config, .timeout = timeout}, environment({}), Loop(),
                            long_ago);
  };

  EXPECT_EQ(resolve_with("1h").connection.broker, "amqp://broker");
  EXPECT_EQ(complaint_about([&] { return resolve_with("59s"); }),
            "cannot read '" + config + "': it did not end in time");
}

TEST(ResolveSettings, TakesTheBrokerFromTheFirstOfItsSources) {
  const TemporaryDirectory directory;
  const std::string typed_config =
      directory.write_file("typed.yaml", "AMQP_URI: amqp://typed-config\n");
  const std::string stored_config =
      directory.write_file("stored.yaml", "AMQP_URI: amqp://stored-config\n");
  Variables variables = {{"MIKO_BROKER", "amqp://miko-broker"},
                         {"MIKO_CONFIG", stored_config},
                         {"AMQP_URI", "amqp://amqp-uri"},
                         {"AMQP_URL", "amqp://amqp-url"}};
  const auto broker = [&variables](const TypedOptions& typed) {
    return resolve(typed, variables).connection.broker;
  };

  EXPECT_EQ(broker({.broker = "amqp://option", .config = typed_config}), "amqp://option");
  EXPECT_EQ(broker({.config = typed_config}), "amqp://typed-config");
  EXPECT_EQ(broker({}), "amqp://miko-broker");
  variables.erase("MIKO_BROKER");
  EXPECT_EQ(broker({}), "amqp://stored-config");
  variables.erase("MIKO_CONFIG");
  EXPECT_EQ(broker({}), "amqp://amqp-uri");
  variables.erase("AMQP_URI");
  EXPECT_EQ(broker({}), "amqp://amqp-url");
  variables.erase("AMQP_URL");
  EXPECT_EQ(broker({}), "amqp://guest:guest@localhost:5672/");
}

TEST(ResolveSettings, TakesTheExchangeFromTheFirstOfItsSources) {
  const TemporaryDirectory directory;
  const std::string typed_config = directory.write_file("typed.yaml", "rpc_exchange: typed\n");
  const std::string stored_config = directory.write_file("stored.yaml", "rpc_exchange: stored\n");
  Variables variables = {{"MIKO_EXCHANGE", "variable"}, {"MIKO_CONFIG", stored_config}};
  const auto exchange = [&variables](const TypedOptions& typed) {
    return resolve(typed, variables).connection.exchange;
  };

  EXPECT_EQ(exchange({.exchange = "option", .config = typed_config}), "option");
  EXPECT_EQ(exchange({.config = typed_config}), "typed");
  EXPECT_EQ(exchange({}), "variable");
  variables.erase("MIKO_EXCHANGE");
  EXPECT_EQ(exchange({}), "stored");
}

TEST(ResolveSettings, OverridesPartsOfAUriFromTheSameLevelUpwards) {
  const TemporaryDirectory directory;
  const std::string config = directory.write_file("config.yaml", "AMQP_URI: amqp://h\n");
  const auto host = [](const TypedOptions& typed, Variables variables) {
    variables["MIKO_HOST"] = "variable";
    return resolve(typed, variables).connection.host;
  };

  EXPECT_EQ(host({}, {}), "variable");
  EXPECT_EQ(host({}, {{"MIKO_BROKER", "amqp://h"}}), "variable");
  EXPECT_EQ(host({}, {{"MIKO_CONFIG", config}}), "variable");
  EXPECT_EQ(host({}, {{"AMQP_URI", "amqp://h"}}), "variable");
  EXPECT_EQ(host({.broker = "amqp://h"}, {}), std::nullopt);
  EXPECT_EQ(host({.config = config}, {}), std::nullopt);
  EXPECT_EQ(host({.broker = "amqp://h", .host = "option"}, {}), "option");
  EXPECT_EQ(host({.host = "option"}, {{"MIKO_BROKER", "amqp://h"}}), "option");
}

TEST(ResolveSettings, KeepsThePasswordOfTheEnvironmentFromATypedBroker) {
  const Variables variables = {{"MIKO_USER", "bob"}, {"MIKO_PASSWORD", "secret"}};

  EXPECT_EQ(resolve({}, variables).connection.password, "secret");
  EXPECT_EQ(resolve({.broker = "amqp://elsewhere"}, variables).connection.password, std::nullopt);
  EXPECT_EQ(resolve({.broker = "amqp://elsewhere"}, variables).connection.user, std::nullopt);
}

TEST(ResolveSettings, TakesEachPartFromItsOptionOrVariable) {
  const Options typed =
      resolve({.host = "h", .port = "1", .vhost = "v", .user = "u", .password = "p"},
              {{"MIKO_PORT", "2"}, {"MIKO_VHOST", "w"}})
          .connection;
  const Options variables = resolve({}, {{"MIKO_HOST", "h"},
                                         {"MIKO_PORT", "65535"},
                                         {"MIKO_VHOST", "v"},
                                         {"MIKO_USER", "u"},
                                         {"MIKO_PASSWORD", "p"}})
                                .connection;

  EXPECT_EQ(typed.port, 1);
  EXPECT_EQ(typed.vhost, "v");
  EXPECT_EQ(variables.port, 65535);
  for (const Options& options : {typed, variables}) {
    EXPECT_EQ(options.host, "h");
    EXPECT_EQ(options.user, "u");
    EXPECT_EQ(options.password, "p");
  }
}

TEST(ResolveSettings, TakesEmptyVariablesForUnsetOnes) {
  const Settings settings = resolve({}, {{"MIKO_BROKER", ""},
                                         {"MIKO_HOST", ""},
                                         {"MIKO_PORT", ""},
                                         {"MIKO_CONFIG", ""},
                                         {"MIKO_TIMEOUT", ""},
                                         {"AMQP_URI", "amqp://h"}});

  EXPECT_EQ(settings.connection.broker, "amqp://h");
  EXPECT_EQ(settings.connection.host, std::nullopt);
  EXPECT_EQ(settings.timeout, seconds(5));
}

TEST(ResolveSettings, ReadsThePasswordFile) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file("password", "secret\n");

  EXPECT_EQ(resolve({.password_file = file}, {{"MIKO_PASSWORD", "other"}}).connection.password,
            "secret");
  EXPECT_EQ(complaint_about([&] { return resolve({.password = "x", .password_file = file}); }),
            "--password and --password-file are both given");
}

TEST(ResolveSettings, TakesTheTimeoutFromItsOptionOrVariable) {
  EXPECT_EQ(resolve({.timeout = "2s"}, {{"MIKO_TIMEOUT", "3s"}}).timeout, seconds(2));
  EXPECT_EQ(resolve({}, {{"MIKO_TIMEOUT", "3s"}}).timeout, seconds(3));
  EXPECT_EQ(complaint_about([] { return resolve({.timeout = "5000"}); }),
            "--timeout: 5000 has no unit");
}

TEST(ResolveSettings, NeverShowsWhatIsInAVariable) {
  const std::pair<Variables, std::string_view> cases[] = {
      {{{"MIKO_TIMEOUT", "hidden"}}, "the environment variable MIKO_TIMEOUT has a bad value"},
      {{{"MIKO_PORT", "hidden"}}, "the environment variable MIKO_PORT has a bad value"},
  };
  for (const auto& [variables, complaint] : cases) {
    EXPECT_EQ(complaint_about([&variables = variables] { return resolve({}, variables); }),
              complaint);
  }
}

TEST(ResolveSettings, RefusesPortsThatAreNone) {
  for (const std::string port : {"0", "65536", "-1", "56x", "", "5672 "}) {
    EXPECT_EQ(complaint_about([&port] { return resolve({.port = port}); }),
              "--port is not a port from 1 to 65535");
  }
  EXPECT_EQ(complaint_about([] { return resolve({.host = ""}); }), "--host is empty");
}

TEST(ResolveSettings, ReadsTheLargestReply) {
  const std::pair<std::string, std::uint64_t> cases[] = {
      {"1", 1},
      {"1000000", 1'000'000},
      {"512KiB", 524'288},
      {"64MiB", 67'108'864},
      {"4GiB", 4'294'967'296},
  };
  for (const auto& [text, size] : cases) {
    EXPECT_EQ(resolve({.reply_size_max = text}).connection.reply_size_max, size);
  }
  for (const std::string text :
       {"", "0", "-1", "5GiB", "4294967297", "1KB", "1 KiB", "x", "MiB", "99999999999999999999"}) {
    SCOPED_TRACE(text);

    EXPECT_EQ(complaint_about([&text] { return resolve({.reply_size_max = text}); }),
              "--max-reply-size is not a size from 1 to 4GiB");
  }
}

TEST(ResolveSettings, SetsUpTls) {
  const TemporaryDirectory directory;
  const std::string config = directory.write_file(
      "config.yaml", "AMQP_SSL: {ca_certs: ca-config, certfile: c-config, cert_reqs: CERT_NONE}\n");

  const Options options =
      resolve({.key = "k-option"},
              {{"MIKO_CONFIG", config}, {"MIKO_CACERT", "ca-variable"}, {"MIKO_KEY", "k-variable"}})
          .connection;

  EXPECT_TRUE(options.tls);
  EXPECT_TRUE(options.insecure);
  EXPECT_EQ(options.ca_file, "ca-variable");
  EXPECT_EQ(options.certificate, "c-config");
  EXPECT_EQ(options.key, "k-option");
  EXPECT_EQ(options.server_name, std::nullopt);
}

TEST(ResolveSettings, DoesNotReadTheStoredConfigurationBesideATypedOne) {
  const TemporaryDirectory directory;
  const std::string typed = directory.write_file("typed.yaml", "HEARTBEAT: 7\n");

  const Options options =
      resolve({.config = typed}, {{"MIKO_CONFIG", directory.path("missing")}}).connection;

  EXPECT_EQ(options.heartbeat, seconds(7));
}

TEST(ResolveSettings, WaitsForAConfigurationNoLongerThanTheCommandMay) {
  const TemporaryDirectory directory;
  const std::string fifo = directory.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);

  EXPECT_EQ(complaint_about([&] { return resolve({.config = fifo, .timeout = "20ms"}); }),
            "cannot read '" + fifo + "': it did not end in time");
}

TEST(ResolveOutput, TakesTheFormatFromItsOptionOrVariable) {
  for (const auto& [name, format] : output_formats) {
    EXPECT_EQ(output({.output = std::string(name)}).format, format);
    EXPECT_EQ(output({}, {{"MIKO_OUTPUT", std::string(name)}}).format, format);
  }
  EXPECT_EQ(output({.output = "raw"}, {{"MIKO_OUTPUT", "none"}}).format, OutputFormat::raw);
}

TEST(ResolveOutput, TakesOnlyWhatTheCommandHas) {
  constexpr OutputFormat formats[] = {OutputFormat::json, OutputFormat::none};
  const Environment csv = environment({{"MIKO_OUTPUT", "csv"}});

  EXPECT_EQ(resolve_output({.output = "none"}, csv, formats).format, OutputFormat::none);
  EXPECT_NE(resolve_output({}, csv, formats).format, OutputFormat::csv);
  EXPECT_EQ(complaint_about([&] { return resolve_output({.output = "csv"}, csv, formats); }),
            "no output format 'csv' here");
}

TEST(ResolveOutput, RefusesUnknownFormatsAndColours) {
  EXPECT_EQ(complaint_about([] { return output({.output = "xml\x1b"}); }),
            R"(no output format 'xml\x1b' here)");
  EXPECT_EQ(complaint_about([] {
              return output({}, {{"MIKO_OUTPUT", "hidden"}});
            }),
            "the environment variable MIKO_OUTPUT has a bad value");
  EXPECT_EQ(complaint_about([] { return output({.colour = "yes"}); }),
            "--color is not auto, always or never");
}

TEST(ResolveOutput, ColoursAsOptionAndVariablesSay) {
  struct Case {
    std::optional<std::string> option;
    Variables variables;
    bool coloured;
  };
  // None of these depends on whether a terminal reads.
  const Case cases[] = {
      {"always", {}, true},
      {"always", {{"NO_COLOR", "1"}, {"TERM", "dumb"}}, true},
      {"never", {{"CLICOLOR_FORCE", "1"}}, false},
      {"auto", {{"NO_COLOR", "1"}}, false},
      {std::nullopt, {{"NO_COLOR", "1"}}, false},
      {std::nullopt, {{"TERM", "dumb"}}, false},
      {std::nullopt, {{"CLICOLOR_FORCE", "1"}}, true},
      {std::nullopt, {{"CLICOLOR_FORCE", ""}, {"NO_COLOR", "1"}}, false},
  };
  for (const Case& c : cases) {
    const OutputOptions options = output({.colour = c.option}, c.variables);

    EXPECT_EQ(options.stdout_colour, c.coloured);
    EXPECT_EQ(options.stderr_colour, c.coloured);
  }
}

TEST(ResolveSettings, AStoredConfigurationsTlsDoesNotReachAnotherBroker) {
  const TemporaryDirectory directory;
  const std::string file = directory.write_file(
      "config.yaml", "AMQP_URI: amqp://stored\nAMQP_SSL: {cert_reqs: CERT_NONE}\n");

  const Options other = resolve({.broker = "amqps://typed"}, {{"MIKO_CONFIG", file}}).connection;
  const Options stored = resolve({}, {{"MIKO_CONFIG", file}}).connection;

  EXPECT_FALSE(other.tls);
  EXPECT_FALSE(other.insecure);
  EXPECT_TRUE(stored.tls);
  EXPECT_TRUE(stored.insecure);
}

}  // namespace
}  // namespace miko::cli
