// Files of stubs: which answer a request gets, and what is wrong with a file.

#include "cli/stub_file.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "support/temporary.h"

namespace miko::cli {
namespace {

class StubFileTest : public testing::Test {
 protected:
  void read(std::string_view yaml) {
    read_stub_file(directory_.write_file("stubs.yaml", yaml), "orders", input_, stubs_);
  }

  [[nodiscard]] Choice choose(std::string method, std::string args, std::string kwargs) const {
    return stubs_.choose({.service = "orders",
                          .method = std::move(method),
                          .args = std::move(args),
                          .kwargs = std::move(kwargs)});
  }

  [[nodiscard]] Response answer(std::string method, std::string args = "[]",
                                std::string kwargs = "{}") const {
    return std::get<Response>(choose(std::move(method), std::move(args), std::move(kwargs)).action);
  }

  /// What is said about a file, without its name.
  [[nodiscard]] std::string fault(std::string_view yaml) {
    try {
      read(yaml);
      return "none";
    } catch (const Error& error) {
      const std::string message = error.what();
      return message.substr(message.find(".yaml:") + 6);
    }
  }

  test::TemporaryDirectory directory_;
  Loop loop_;
  FileInput input_{loop_, Clock::now() + std::chrono::seconds(20)};
  Stubs stubs_;
};

TEST_F(StubFileTest, ReadsValuesAsTheyAreWritten) {
  read(R"(
methods:
  all:
    reply: {number: 1.10, long: 10000000000000000000000, text: "7", word: yes, nothing: ~, no: null}
)");

  EXPECT_EQ(answer("all").result,
            R"({"number": 1.10, "long": 10000000000000000000000, "text": "7", "word": "yes", )"
            R"("nothing": null, "no": null})");
}

TEST_F(StubFileTest, TheFirstStubWhoseConditionHoldsAnswers) {
  read(R"(
service: orders
methods:
  get:
    params: id, deep=false
    stubs:
      - when: {args: [A-1]}
        reply: positional
      - when: {kwargs: {id: A-1}}
        reply: keyword
      - when: {params: {id: A-2, deep: true}}
        reply: deep
      - when: {subset: {kwargs: {id: {sku: 7}}}}
        reply: subset
      - when: {/params/id/name: Ann}
        reply: pointer
  other:
    when: {args: []}
    reply: 1
)");

  EXPECT_EQ(answer("get", R"(["A-1"])").result, R"("positional")");
  EXPECT_EQ(answer("get", "[]", R"({"id": "A-1"})").result, R"("keyword")");
  EXPECT_EQ(answer("get", R"(["A-2", true])").result, R"("deep")");
  EXPECT_EQ(answer("get", "[]", R"({"id": {"sku": 7.0, "n": 1}})").result, R"("subset")");
  EXPECT_EQ(answer("get", R"([{"name": "Ann"}])").result, R"("pointer")");
  EXPECT_EQ(answer("get", R"(["A-3"])").error->exc_path, "builtins.LookupError");
  EXPECT_EQ(answer("get").error->exc_type, "IncorrectSignature");
  EXPECT_EQ(answer("other").result, "1");
}

TEST_F(StubFileTest, FillsAnswersFromTheRequest) {
  read(R"(
methods:
  hello: {params: [name], reply: "Hello, {{/params/name}}!"}
  first: {reply: ["{{/args/0}}"]}
  find: {raise: {type: orders.errors.NotFound, message: "no {{/args/0}}"}}
  plain: {raise: "Boom:bang"}
)");

  EXPECT_EQ(answer("hello", R"(["Ann"])").result, R"("Hello, Ann!")");
  EXPECT_EQ(answer("first", "[1e400]").result, "[1e400]");
  EXPECT_EQ(answer("first").error->value,
            "the request has nothing at /args/0, which the stub of orders.first names");
  EXPECT_EQ(answer("find", "[7]").error->value, "no 7");
  EXPECT_EQ(answer("find", "[7]").error->exc_path, "orders.errors.NotFound");
  EXPECT_EQ(answer("plain").error->exc_args, R"(["bang"])");
}

TEST_F(StubFileTest, HasProgramsEchoesAndDelays) {
  read("methods: {run: {exec: cat}, copy: {echo: true, delay: 2s}}");

  EXPECT_EQ(std::get<Program>(choose("run", "[]", "{}").action).command, "cat");
  EXPECT_EQ(choose("copy", "[1]", "{}").delay, std::chrono::seconds(2));
  EXPECT_EQ(answer("copy", "[1]").result, "1");
}

TEST_F(StubFileTest, SaysOnWhichLineAFileIsWrong) {
  EXPECT_EQ(fault("methods:\n  a:\n    replay: 1\n"), "3: unknown key 'replay'");
  EXPECT_EQ(fault("methods:\n  a: {}\n"), "2: there must be one of reply, raise, exec and echo");
  EXPECT_EQ(fault("methods:\n  a:\n    delay: soon\n    reply: 1\n").substr(0, 3), "3: ");
  EXPECT_EQ(fault("methods:\n  a:\n    params: 1a\n    reply: 1\n").substr(0, 3), "3: ");
  EXPECT_EQ(fault("methods:\n  a.b: {reply: 1}\n"), "2: 'a.b' is not a name of a method");
  EXPECT_EQ(fault("methods:\n  c: {reply: 1}\n  c: {reply: 2}\n"), "3: method 'c' is given twice");
  EXPECT_EQ(fault("service: stock\nmethods: {}\n"), "1: it is for the service 'stock'");
  EXPECT_NE(fault("methods: [\n"), "none");
  EXPECT_EQ(fault("{}"), "1: it has no mapping 'methods'");
  EXPECT_EQ(fault("methods:\n  d:\n    when: {args: {}}\n    reply: 1\n"),
            "3: 'args' is not a list");
}

TEST_F(StubFileTest, RefusesAliasesThatGrowWithoutEnd) {
  std::string yaml = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string before = "*" + std::string(1, static_cast<char>(c - 1));
    yaml += std::string(1, c) + ": &" + c + " [" + before;
    for (int i = 0; i < 9; ++i) {
      yaml += ", " + before;
    }
    yaml += "]\n";
  }
  EXPECT_NE(fault("methods:\n  m:\n    reply:\n      " +
                  [&yaml] {
                    std::string indented;
                    for (const char c : yaml) {
                      indented += c;
                      indented += c == '\n' ? "      " : "";
                    }
                    return indented;
                  }())
                .find("too large"),
            std::string::npos);
}

}  // namespace
}  // namespace miko::cli
