// The suite of examples/shop against the services beside it: whole, and broken in three ways. What
// it reports is read by the programs of others.

#include <csignal>
#include <filesystem>
#include <sstream>

#include "support/lab.h"
#include "support/miko_program.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

constexpr const char* shop = MIKO_SOURCE_DIR "/examples/shop";

class ShopTest : public testing::Test {
 protected:
  void SetUp() override { MIKO_NEEDS_NAMEKO(nameko_3); }

  [[nodiscard]] static const Service& service() { return lab().service(nameko_3); }

  [[nodiscard]] static Outcome miko(std::vector<std::string> words, MikoOptions options = {}) {
    options.environment.emplace("AMQP_URI", service().uri);
    return test::miko(std::move(words), std::move(options));
  }

  /// Runs the services of shop.py, broken in this way.
  [[nodiscard]] Command services(const std::string& broken = "") const {
    Command command = {
        .argv = service().command, .input = Pipe{}, .output = File{}, .errors = File{}};
    command.argv.back() = "shop";
    for (std::string& word : command.argv) {
      if (word.starts_with("PYTHONPATH=")) {
        word = std::string("PYTHONPATH=") + shop;
      }
    }
    command.argv.insert(command.argv.begin() + 2, "SHOP_BREAK=" + broken);
    return command;
  }

  [[nodiscard]] static Outcome smoke(std::vector<std::string> options) {
    EXPECT_EQ(miko({"wait", "products", "orders", "gateway"}).exit_code, 0);
    options.insert(options.begin(), {"smoke", "smoke.yaml"});
    return miko(options, {.working_directory = shop});
  }

  /// Runs a Python script of tests/support where scripts/install has put what it needs; empty if it
  /// has not.
  [[nodiscard]] std::string python(std::vector<std::string> words) const {
    std::string program;
    for (const std::string& word : service().command) {
      if (const std::size_t venv = word.rfind("/nameko-"); word.ends_with("/bin/nameko")) {
        program = word.substr(0, venv) + "/reports/bin/python";
      }
    }
    if (!std::filesystem::exists(program)) {
      return "";
    }
    words.insert(words.begin(), program);
    words[1] = MIKO_SOURCE_DIR "/tests/support/" + words[1];
    const Outcome outcome = run({.argv = words});
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }
};
TEST_F(ShopTest, PassesAndIsReadByProveAndJunitparser) {
  const Child running(services());
  const TemporaryDirectory directory;

  const Outcome one = smoke({"-o", "pretty", "--report-junit", directory.path("junit.xml"),
                             "--report-tap", directory.path("all.tap")});
  EXPECT_EQ(one.exit_code, 0) << one.out << one.err;
  EXPECT_EQ(one.err, "");
  EXPECT_NE(one.out.find("  pass  the gateway shows the order with its products"),
            std::string::npos);
  EXPECT_NE(one.out.find("  skip  refunds"), std::string::npos);
  EXPECT_NE(one.out.find(": 10 passed, 1 skipped\n"), std::string::npos);

  const Outcome many = smoke({"-j", "8", "-o", "json"});
  EXPECT_EQ(many.exit_code, 0) << many.out << many.err;

  const Outcome prove = test::run({.argv = {"prove", "--exec", "cat", directory.path("all.tap")}});
  EXPECT_EQ(prove.exit_code, 0) << prove.out;
  EXPECT_NE(prove.out.find("Tests=11"), std::string::npos) << prove.out;
  const std::string junit = python({"read_junit.py", directory.path("junit.xml")});
  MIKO_SKIP_BECAUSE(junit.empty() ? "no junitparser here: scripts/install test" : "");
  EXPECT_EQ(junit.substr(0, junit.find('\n')), "shop 11 0 0 1");
}

TEST_F(ShopTest, NamesEachOfThreeBreaks) {
  const Child running(services("price missing event"));
  const TemporaryDirectory directory;

  const Outcome run = smoke({"-o", "pretty", "--report-junit", directory.path("junit.xml"),
                             "--report-tap", directory.path("all.tap")});

  EXPECT_EQ(run.exit_code, 3);
  for (const char* text :
       {"  FAIL  creates an order",
        "\n          /total: wanted 199.98, got 0\n          miko call orders create --args "
        "'{\"customer\":\"Ann\",\"lines\":[{\"product_id\":\"smoke-odyssey\",\"quantity\":2}]}'\n",
        "not run: it needs 'order', which 'creates an order' did not capture",
        "  FAIL  an unknown product is an error",
        "the error: wanted NotFound, got a result: null\n", "  FAIL  an order is announced",
        "event orders.order_created: wanted within 2 s, got none\n",
        "  pass  the product is taken away"}) {
    EXPECT_NE(run.out.find(text), std::string::npos) << text << run.out;
  }
  const Outcome prove = test::run({.argv = {"prove", "--exec", "cat", directory.path("all.tap")}});
  EXPECT_EQ(prove.exit_code, 1);
  EXPECT_NE(prove.out.find("Failed tests:"), std::string::npos) << prove.out;
  EXPECT_EQ(prove.out.find("Parse errors"), std::string::npos) << prove.out;
  const std::string junit = python({"read_junit.py", directory.path("junit.xml")});
  MIKO_SKIP_BECAUSE(junit.empty() ? "no junitparser here: scripts/install test" : "");
  EXPECT_NE(junit.find("  creates an order Failure: /total: wanted 199.98, got 0\n"),
            std::string::npos)
      << junit;
}

TEST_F(ShopTest, NamesAServiceThatIsGone) {
  const TemporaryDirectory directory;
  const std::string suite =
      directory.write_file("suite.yaml",
                           "cases: [{service: greeting, method: hello, args: [Ann]}]\n"
                           "setup: [{service: products, method: get, args: [1], timeout: 1s}]\n");
  {
    Child running(services());
    EXPECT_EQ(miko({"wait", "products"}).exit_code, 0);
    // Nameko can hang for ever when it is asked to stop while it is still starting.
    running.send_signal(SIGKILL);
    running.wait();
  }

  const Outcome run = miko({"smoke", suite, "-o", "pretty"});

  EXPECT_EQ(run.exit_code, 3);
  EXPECT_NE(run.out.find("timeout: no reply from products.get in 1 s: no instance is running"),
            std::string::npos)
      << run.out;
  EXPECT_NE(run.out.find("not run: the setup failed"), std::string::npos);
}

TEST_F(ShopTest, HasASuiteThatItsSchemaAndMikoUnderstandAlike) {
  const TemporaryDirectory directory;
  const std::string head = "cases:\n- service: s\n  method: m\n";
  const std::pair<const char*, std::string> suites[] = {
      {"good", head},
      {"good", head + "  expect: == 1\n"},
      {"good", head + "  expect:\n  - /a == 1\n  - /b: [1]\n    '': {}\n"},
      {"good", head + "  retry: {times: 2, every: 1s}\n  skip: later\n  timeout: 7\n"},
      {"good", "cases:\n- dispatch: {service: s, event: e}\n  event: {service: s, event: f}\n"},
      {"good",
       "vars: {a: 1}\nsecrets: [a]\ndefaults: {service: s}\ncases:\n- method: m\n  args: "
       "[\"${a}\"]\n  kwargs: {b: 2}\n  capture: {c: /d}\n"},
      {"bad", head + "  methd: m\n"},
      {"bad", head + "  expect: /a\n"},
      {"bad", head + "  expect: [7]\n"},
      {"bad", head + "  expect: {a: 1}\n"},
      {"bad", head + "  capture: {a b: /c}\n"},
      {"bad", head + "  capture: {a: c}\n"},
      {"bad", head + "  args: 7\n"},
      {"bad", head + "  timeout: soon\n"},
      {"bad", head + "  retry: {time: 2}\n"},
      {"bad", "cases: []\n"},
      {"bad", "name: x\n"},
      {"bad", "cases:\n- service: s\n"},
      {"bad", "cases:\n- dispatch: {service: s, event: e}\n  expect: == 1\n"},
      {"bad", "cases:\n- dispatch: {service: s, event: e}\n  method: m\n"},
      {"bad", "case: []\n" + head}};
  std::vector<std::string> words = {"check_suite.py",
                                    MIKO_SOURCE_DIR "/share/miko/suite.schema.json",
                                    std::string(shop) + "/smoke.yaml"};
  std::vector<std::string> wanted = {"good"};
  for (const auto& [verdict, text] : suites) {
    words.push_back(directory.write_file(std::to_string(words.size()) + ".yaml", text));
    wanted.emplace_back(verdict);
    // Whatever is wrong with a good one is that it has no such case.
    const Outcome read = miko({"smoke", words.back(), "--filter", "none of them"});
    EXPECT_EQ(read.exit_code, 2);
    EXPECT_EQ(read.error("/error/message") == "no case is named 'none of them'" ? "good" : "bad",
              std::string(verdict))
        << text << read.err;
  }

  const std::string found = python(words);

  MIKO_SKIP_BECAUSE(found.empty() ? "no jsonschema here: scripts/install test" : "");
  std::istringstream lines(found);
  std::string line;
  for (std::size_t i = 0; std::getline(lines, line); ++i) {
    EXPECT_EQ(line.substr(0, line.find(' ')), wanted.at(i)) << read_file(words.at(i + 2)) << line;
  }
}

}  // namespace
}  // namespace miko::test
