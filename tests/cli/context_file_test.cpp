#include "cli/context_file.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

const Exposure open_to_readers = {.why = "others may read it", .remedy = "chmod 600 f"};
const Exposure open_to_writers = {
    .why = "others may read it", .remedy = "chmod 600 f", .foreign = true};

Context parse(const std::string& yaml, const Exposure& exposure = {}) {
  return parse_context("c", "f", {.text = yaml, .exposure = exposure}, "/home/ann");
}

std::string complaint_about(const std::string& yaml, const Exposure& exposure = {}) {
  try {
    static_cast<void>(parse(yaml, exposure));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "none";
}

TEST(ParseContext, ReadsEveryKey) {
  const Context context = parse(
      "# production\n"
      "broker: amqps://bob@h/\nhost: h2\nport: 5671\nvhost: v\nuser: bob\n"
      "password: file:~/secret\nexchange: e\ntls: true\ncacert: /ca.pem\ncert: ~/c.pem\n"
      "management: https://m\nkey: /k.pem\nservername: n\ninsecure: yes\ntimeout: 1m30s\n");

  EXPECT_EQ(context.broker, "amqps://bob@h/");
  EXPECT_EQ(context.host, "h2");
  EXPECT_EQ(context.port, "5671");
  EXPECT_EQ(context.vhost, "v");
  EXPECT_EQ(context.user, "bob");
  EXPECT_EQ(context.password->written(), "file:/home/ann/secret");
  EXPECT_EQ(context.exchange, "e");
  EXPECT_EQ(context.management, "https://m");
  EXPECT_TRUE(context.tls);
  EXPECT_EQ(context.ca_file, "/ca.pem");
  EXPECT_EQ(context.certificate, "/home/ann/c.pem");
  EXPECT_EQ(context.key, "/k.pem");
  EXPECT_EQ(context.server_name, "n");
  EXPECT_TRUE(context.insecure);
  EXPECT_EQ(context.timeout, "1m30s");
}

TEST(ParseContext, AcceptsAnEmptyFileAndEmptyValues) {
  EXPECT_FALSE(parse("").names_broker());
  EXPECT_EQ(parse("host:\nuser: bob\n").host, std::nullopt);
}

TEST(ParseContext, NamesTheLineOfAMistake) {
  const std::pair<std::string, std::string> cases[] = {
      {"- a\n", "f:1: it is not a mapping"},
      {"host: h\nbrocker: x\n", "f:2: unknown key 'brocker'"},
      {"host: [1]\n", "f:1: host is not a text"},
      {"host: h\nport: 56x\n", "f:2: port is not a port from 1 to 65535"},
      {"tls: maybe\n", "f:1: tls is neither true nor false"},
      {"timeout: 5000\n", "f:1: timeout: 5000 has no unit"},
      {"password: hidden\n", "f:1: the password is no reference"},
      {"cacert: ca.pem\n", "f:1: cacert is no path from the root"},
  };
  for (const auto& [yaml, complaint] : cases) {
    EXPECT_EQ(complaint_about(yaml), complaint);
  }
  EXPECT_TRUE(complaint_about("host: h\nbroker: http://h\n").starts_with("f:2: "));
  EXPECT_TRUE(complaint_about("# c\nhost: [1\n").starts_with("f:"));
}

TEST(ParseContext, RefusesSecretsThatOthersMayRead) {
  EXPECT_EQ(complaint_about("password: text:hidden\n", open_to_readers),
            "f:1: password has a password in clear text, and others may read it");
  EXPECT_EQ(complaint_about("broker: amqp://u:hidden@h\n", open_to_readers),
            "f:1: broker has a password in clear text, and others may read it");
  EXPECT_EQ(complaint_about("broker: amqp://u@h\npassword: env:X\n", open_to_readers), "none");
  EXPECT_EQ(complaint_about("password: text:hidden\n"), "none");
}

TEST(ParseContext, TakesNoCommandFromAFileThatOthersMayWrite) {
  EXPECT_EQ(complaint_about("password: cmd:x\n", open_to_writers),
            "f:1: password names a command, and others may write this file");
  EXPECT_EQ(complaint_about("password: cmd:x\n", open_to_readers), "none");
}

TEST(FormatContext, WritesWhatIsReadBack) {
  const Context context = {.name = "c",
                           .file = "f",
                           .broker = "amqp://u:p\"\\@h/v;amqp://é",
                           .port = "1",
                           .vhost = "a: b # c",
                           .user = "null",
                           .password = parse_secret_reference("cmd:printf '%s\n' \"$X\" | head"),
                           .tls = true};

  EXPECT_EQ(format_context(parse(format_context(context))), format_context(context));
  EXPECT_EQ(parse(format_context(context)).user, "null");
  EXPECT_EQ(parse(format_context(context)).password->value, context.password->value);
}

TEST(ContextValues, MaskPasswords) {
  std::string shown;
  for (const ContextValue& value :
       context_values(parse("broker: amqp://u:hidden@h\npassword: text:hidden\nport: 1\n"))) {
    shown += std::string(value.key) + "=" + value.value + "\n";
  }

  EXPECT_EQ(shown, "broker=amqp://u:********@h\nport=1\npassword=text:********\n");
}

}  // namespace
}  // namespace miko::cli
