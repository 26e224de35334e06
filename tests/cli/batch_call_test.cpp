#include "cli/batch_call.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace miko::cli {
namespace {

BatchCall read(std::string_view json) {
  BatchCall call;
  read_batch_call(json, 1, call);
  return call;
}

BatchCall read_arguments(std::string_view json) {
  BatchCall call = {.target = {.service = "orders", .method = "get"}};
  read_batch_arguments(json, 1, call);
  return call;
}

template <class Action>
Failure failure_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_EQ(error.failure().executed, Executed::no);
    return error.failure();
  }
  ADD_FAILURE() << "nothing was wrong";
  return {};
}

std::string complaint_about(std::string_view json) {
  return failure_of([json] { read(json); }).message;
}

TEST(ReadBatchCall, TakesServiceMethodAndArguments) {
  const BatchCall call = read(
      R"({"service": "orders", "method": "get", "args": ["A-1", 1.10], "kwargs": {"deep": null}})");

  EXPECT_EQ(call.target.service, "orders");
  EXPECT_EQ(call.target.method, "get");
  EXPECT_EQ(call.arguments.args, R"(["A-1", 1.10])");
  EXPECT_EQ(call.arguments.kwargs, R"({"deep": null})");
  EXPECT_EQ(call.id, "null");
}

TEST(ReadBatchCall, NeedsOnlyServiceAndMethod) {
  const BatchCall call = read(R"({"service": "orders", "method": "get"})");

  EXPECT_EQ(call.arguments.args, "[]");
  EXPECT_EQ(call.arguments.kwargs, "{}");
  EXPECT_EQ(call.arguments.context, "{}");
  EXPECT_EQ(call.arguments.headers, "{}");
}

TEST(ReadBatchCall, TakesAnObjectAsKeywordArguments) {
  const BatchCall call =
      read(R"({"service": "orders", "method": "get", "args": {"id": 7}, "kwargs": {"deep": 1}})");

  EXPECT_EQ(call.arguments.args, "[]");
  EXPECT_EQ(call.arguments.kwargs, R"({"id": 7, "deep": 1})");
}

TEST(ReadBatchCall, SplitsServiceAndMethodAtTheLastDot) {
  const BatchCall call = read(R"({"method": "lab.dotted.hello"})");

  EXPECT_EQ(call.target.service, "lab.dotted");
  EXPECT_EQ(call.target.method, "hello");
}

TEST(ReadBatchCall, KeepsTheIdAsItIs) {
  EXPECT_EQ(read(R"({"method": "a.b", "id": {"n": [1, 1e400]}})").id, R"({"n":[1,1e400]})");
  EXPECT_EQ(read(R"({"method": "a.b", "id": "x\u0000"})").id, R"("x\u0000")");
  EXPECT_EQ(read(R"({"method": "a.b", "id": 10000000000000000000000000000001})").id,
            "10000000000000000000000000000001");
  EXPECT_EQ(read(R"({"method": "a.b", "id": false})").id, "false");
}

TEST(ReadBatchCall, TakesContextAndHeaders) {
  const BatchCall call =
      read(R"({"method": "a.b", "ctx": {"language": "en"}, "headers": {"x-trace": "1"}})");

  EXPECT_EQ(call.arguments.context, R"({"language": "en"})");
  EXPECT_EQ(call.arguments.headers, R"({"x-trace": "1"})");
}

TEST(ReadBatchCall, UnderstandsKeysThatAreWrittenWithEscapes) {
  EXPECT_EQ(read(R"({"\u0073ervice": "a", "metho\u0064": "\u0062"})").target.method, "b");
}

TEST(ReadBatchCall, RefusesWhatIsNoObject) {
  for (const char* json : {"7", "\"orders.get\"", "[]", "null", "true"}) {
    EXPECT_EQ(complaint_about(json), "line 1: not a JSON object") << json;
  }
}

TEST(ReadBatchCall, RefusesACallWithoutAName) {
  EXPECT_EQ(complaint_about("{}"), "line 1: 'service' is missing");
  EXPECT_EQ(complaint_about(R"({"service": "a"})"), "line 1: 'method' is missing");
  EXPECT_EQ(complaint_about(R"({"method": "a"})"), "line 1: 'service' is missing");
  EXPECT_EQ(complaint_about(R"({"service": 7, "method": "m"})"), "line 1: 'service' is not a name");
  EXPECT_EQ(complaint_about(R"({"service": "a", "method": null})"),
            "line 1: 'method' is not a name");
  EXPECT_EQ(complaint_about(R"({"service": "", "method": "a.b"})"),
            "line 1: 'service' is not a name");
  EXPECT_EQ(complaint_about(R"({"method": ".b"})"), "line 1: 'service' is missing");
  EXPECT_EQ(complaint_about(R"({"method": "a."})"), "line 1: 'method' is not a name");
}

TEST(ReadBatchCall, RefusesUnknownAndDoubledKeys) {
  const Failure unknown = failure_of([] { read(R"({"method": "a.b", "arg": [], "kwarg": 1})"); });
  EXPECT_EQ(unknown.message, "line 1: unknown key 'arg'");
  EXPECT_EQ(unknown.hint, "did you mean args?");

  const Failure strange = failure_of([] { read(R"({"method": "a.b", "\u001b[2Jxxxxxxxx": 1})"); });
  EXPECT_EQ(strange.message, R"(line 1: unknown key '\x1b[2Jxxxxxxxx')");
  EXPECT_EQ(strange.hint, "service, method, args, kwargs, ctx, headers and id are known");

  EXPECT_EQ(complaint_about(R"({"method": "a.b", "id": 1, "id": 1})"),
            "line 1: 'id' is given twice");
  EXPECT_EQ(complaint_about(R"({"method": "a.b", "args": {"x": 1}, "kwargs": {"x": 1}})"),
            "line 1: 'x' is given twice");
}

TEST(ReadBatchCall, RefusesArgumentsOfTheWrongType) {
  EXPECT_EQ(complaint_about(R"({"method": "a.b", "args": "x"})"),
            "line 1: args is neither a JSON array nor an object");
  EXPECT_EQ(complaint_about(R"({"method": "a.b", "kwargs": []})"),
            "line 1: kwargs is not a JSON object");
  EXPECT_EQ(complaint_about(R"({"method": "a.b", "ctx": []})"),
            "line 1: 'ctx' is not a JSON object");
  EXPECT_EQ(complaint_about(R"({"method": "a.b", "headers": "x"})"),
            "line 1: 'headers' is not a JSON object");
}

TEST(ReadBatchCall, SaysWhereInTheInputItStoppedBeingJson) {
  BatchCall call;
  const Failure failure =
      failure_of([&call] { read_batch_call("{\n  \"args\": [1, }\n}", 41, call); });

  EXPECT_EQ(failure.message, "not JSON at line 42, column 15: expected a value");
  EXPECT_EQ(failure.source.line, 42U);
  EXPECT_EQ(failure.source.column, 15U);
  EXPECT_EQ(failure.source.text, "  \"args\": [1, }");
  EXPECT_EQ(failure.source.caret, "              ^");
}

TEST(ReadBatchCall, RefusesNanAndTooMuchDepth) {
  EXPECT_NE(complaint_about(R"({"method": "a.b", "args": [NaN]})").find("not JSON"),
            std::string::npos);
  const std::string deep = std::string(600, '[') + std::string(600, ']');
  EXPECT_NE(complaint_about(R"({"method": "a.b", "args": )" + deep + "}").find("not JSON"),
            std::string::npos);
}

TEST(ReadBatchCall, LeavesWhatItCouldReadForTheAnswer) {
  BatchCall call;
  failure_of([&call] {
    read_batch_call(R"({"nonsense": 1, "id": 5, "method": "a.b", "service": "s"})", 9, call);
  });

  EXPECT_EQ(call.id, "5");
  EXPECT_EQ(call.target.service, "s");
  EXPECT_EQ(call.target.method, "a.b");
}

TEST(ReadBatchArguments, TakesAnArrayOrAnObject) {
  EXPECT_EQ(read_arguments(R"(["A-1"])").arguments.args, R"(["A-1"])");
  EXPECT_EQ(read_arguments(R"(["A-1"])").arguments.kwargs, "{}");
  EXPECT_EQ(read_arguments(R"({"service": "x"})").arguments.kwargs, R"({"service": "x"})");
  EXPECT_EQ(read_arguments(R"({"service": "x"})").target.service, "orders");
}

TEST(ReadBatchArguments, KeepsContextAndHeadersOfTheCommand) {
  BatchCall call = {.arguments = {.context = R"({"a": 1})", .headers = R"({"b": "c"})"}};

  read_batch_arguments("[]", 1, call);

  EXPECT_EQ(call.arguments.context, R"({"a": 1})");
  EXPECT_EQ(call.arguments.headers, R"({"b": "c"})");
}

TEST(ReadBatchArguments, RefusesAnythingElse) {
  const auto complaint = [](std::string_view json) {
    return failure_of([json] { read_arguments(json); }).message;
  };

  EXPECT_EQ(complaint("7"), "line 1: args is neither a JSON array nor an object");
  EXPECT_EQ(complaint("[1"), "not JSON at line 1, column 3: expected ',' or ']'");
  EXPECT_EQ(complaint(R"({"a": 1, "a": 2})"), "line 1: 'a' is given twice");
}

}  // namespace
}  // namespace miko::cli
