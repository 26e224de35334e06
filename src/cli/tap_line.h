#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "nameko/tap.h"

namespace miko::cli {

/// A value with more bytes than that is left out of a line of JSON unless all are wanted.
inline constexpr std::size_t short_value_max = 4096;

enum class Values { shortened, whole };

/// An exchange as one line of JSON:
/// {"at": "2026-01-31T23:59:59.123Z", "service": str, "method": str, "args": [any] | null,
///  "kwargs": {str: any} | null, "ok": bool, "result": any, "error": null | {"code", ...},
///  "latency_ms": number | null, "correlation_id": str, "call_id": str | null,
///  "parent": str | null, "origin": str | null}
/// and where it applies "unreadable": why there are no arguments, and "omitted": the bytes of the
/// values that are null because they are too long, {"args": 5000}. `at` is when the request was
/// seen.
[[nodiscard]] std::string exchange_json(const Exchange& exchange,
                                        std::chrono::system_clock::time_point at, Values values);

/// How a line for eyes looks.
struct LineLayout {
  /// Columns to fit into; none: as long as it gets.
  std::optional<std::size_t> width = std::nullopt;
  bool colour = false;
  std::size_t indent = 0;           ///< columns in front of the name
  std::size_t outcome_columns = 9;  ///< for the word ok or the type of an exception, at least
};

/// "23:59:59.123   1.23 ms  ok        orders.get("A-1") -> {"id": "A-1"}", in local time.
[[nodiscard]] std::string exchange_line(const Exchange& exchange,
                                        std::chrono::system_clock::time_point at,
                                        const LineLayout& layout);

/// The columns that its outcome takes, at most 24. Who prints many lines gives the most of them to
/// LineLayout, so that what follows stays in one column.
[[nodiscard]] std::size_t outcome_columns(const Exchange& exchange);

/// The arguments as eyes read them: 1, name="Ann".
[[nodiscard]] std::string arguments_text(const Exchange& exchange, Values values);

/// The result, the text of the exception, or why there is neither.
[[nodiscard]] std::string outcome_text(const Exchange& exchange, Values values);

}  // namespace miko::cli
