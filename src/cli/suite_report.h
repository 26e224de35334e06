#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/suite_result.h"

namespace miko::cli {

/// "  pass  creates an order   12.3 ms" and, if something was wrong, lines below it.
[[nodiscard]] std::string case_text(const CaseResult& result, std::size_t name_width, bool colour);

/// {"file": str, "suite": str, "line": int, "phase": "setup" | "cases" | "teardown", "case": str,
///  "status": "passed" | "failed" | "error" | "skipped" | "not_run", "elapsed_ms": number,
///  "attempts": int, "reason": str | null,
///  "unmet": [{"pointer": str, "wanted": str, "got": str}],
///  "error": {"code": str, "message": str} | null, "request": str | null,
///  "correlation_id": str | null}
[[nodiscard]] std::string case_json(const CaseResult& result, const SuiteResult& suite);

/// A line "ok 1 - NAME" or "not ok 2 - NAME" of the Test Anything Protocol, version 13, and what
/// was wrong as a YAML block. Source: testanything.org.
[[nodiscard]] std::string case_tap(const CaseResult& result, const SuiteResult& suite,
                                   std::size_t number);

/// "TAP version 13" and the plan.
[[nodiscard]] std::string tap_head(std::size_t cases);

/// The whole as TAP.
[[nodiscard]] std::string tap_report(const std::vector<SuiteResult>& suites);

/// The whole as JUnit's XML: a testsuite for each file. What was not as expected is a failure, a
/// call that failed otherwise an error. Source: the schema of Jenkins' xUnit plugin, junit-10.xsd.
[[nodiscard]] std::string junit_report(const std::vector<SuiteResult>& suites);

}  // namespace miko::cli
