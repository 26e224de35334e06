#pragma once

#include <string>
#include <vector>

#include "cli/load.h"
#include "cli/threshold.h"

namespace miko::cli {

/// {"service", "method", "calls", "ok", "failed", "errors": {code: int}, "missed", "seconds",
/// "rate", "in_flight", "target_rate", "latency_ms": {"min", "mean", "stddev", "p50", "p90", "p95",
/// "p99", "p99.9", "max"}, "histogram": [{"from_ms", "to_ms", "count"}],
/// "thresholds": [{"fail_if", "crossed", "finding"}]}; the latencies are null if nothing was
/// answered.
[[nodiscard]] std::string report_json(const LoadPlan& plan, const LoadResult& result,
                                      const std::vector<Threshold>& thresholds);

/// A line of names and one of values.
[[nodiscard]] std::string report_csv(const LoadPlan& plan, const LoadResult& result);

struct ReportLook {
  bool colour = false;
  bool unicode = true;
};

/// For eyes: totals, percentiles and a small histogram.
[[nodiscard]] std::string report_text(const LoadPlan& plan, const LoadResult& result,
                                      const std::vector<Threshold>& thresholds, ReportLook look);

}  // namespace miko::cli
