#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/arguments.h"
#include "cli/expectation.h"
#include "cli/variables.h"

namespace miko::cli {

/// An expectation as a suite has it, with places for variables.
struct SuiteExpectation {
  ExpectationText parts = {};
  bool is_value = false;  ///< written as `POINTER: value`: the operand is JSON out of YAML
  std::size_t line = 0;
};

/// What is remembered of a result: variable and pointer.
using Captures = std::vector<std::pair<std::string, std::string>>;

struct SuiteDispatch {
  std::string service = {};
  std::string event = {};
  std::string data = "null";
};

/// An event that must come.
struct SuiteEvent {
  std::string service = {};
  std::string event = {};
  std::vector<SuiteExpectation> expect = {};
  std::optional<std::chrono::nanoseconds> within = std::nullopt;
  Captures capture = {};
};

/// How often a case that is not as expected is made again, and how long after.
struct Retry {
  std::uint64_t times = 0;
  std::chrono::nanoseconds every = std::chrono::milliseconds(200);
};

/// One case: a call or an event to dispatch, and what must come of it. All JSON is text; texts and
/// JSON may have places for variables.
struct SuiteCase {
  std::string name = {};
  std::size_t line = 0;
  Target target = {};  ///< without a service it does not call
  std::string args = "[]";
  std::string kwargs = "{}";
  std::string context = "{}";
  std::string headers = "{}";
  std::optional<SuiteDispatch> dispatch = std::nullopt;
  std::optional<SuiteEvent> event = std::nullopt;
  std::vector<SuiteExpectation> expect = {};
  std::optional<std::string> expect_error = std::nullopt;
  std::optional<std::chrono::nanoseconds> within = std::nullopt;
  std::optional<std::chrono::nanoseconds> timeout = std::nullopt;
  Captures capture = {};
  std::optional<std::string> skip = std::nullopt;  ///< why it is not made
  std::optional<Retry> retry = std::nullopt;
  std::set<std::string> uses = {};  ///< variables
};

struct Suite {
  std::string file = {};
  std::string name = {};
  std::vector<SuiteCase> setup = {};
  std::vector<SuiteCase> cases = {};
  std::vector<SuiteCase> teardown = {};
  Variables variables = {};
};

}  // namespace miko::cli
