#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace miko::cli {

enum class MethodStatus { present, missing, mixed, unanswered };

/// What the instances said of a method.
struct ProbedMethod {
  std::string name = {};
  std::uint64_t present = 0;
  std::uint64_t missing = 0;
  std::uint64_t unanswered = 0;

  /// unanswered only if no probe was answered.
  [[nodiscard]] MethodStatus status() const;
};

struct ProbeResult {
  std::string service = {};
  std::optional<std::uint32_t> instances = std::nullopt;  ///< none: the broker does not show it
  std::uint64_t probes = 0;                               ///< of each method
  std::vector<ProbedMethod> methods = {};
};

/// {"service", "instances", "probes", "methods": [{"method", "status", "present", "missing",
/// "unanswered"}]}; "status" is present, missing, mixed or unanswered.
[[nodiscard]] std::string probe_json(const ProbeResult& result);

/// The same for eyes.
[[nodiscard]] std::string probe_table(const ProbeResult& result, bool colour);

/// A name fit for a sentence.
[[nodiscard]] std::string shown_name(const std::string& name);

}  // namespace miko::cli
