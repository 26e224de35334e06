#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "nameko/reply.h"

namespace miko::cli {

/// A call that somebody made, and what came of it each time that is known.
struct RecordedCall {
  Target target = {};
  Arguments arguments = {};
  std::vector<std::string> results = {};            ///< JSON, the latest last
  std::optional<std::string> error = std::nullopt;  ///< the latest was this error instead
  std::size_t line = 0;                             ///< where it was read first

  /// Takes what came of the call now.
  void add(const Reply& reply);

  [[nodiscard]] bool answered() const { return error || !results.empty(); }
};

/// Calls by what is asked, each once, in the order in which they were first seen.
class Recorded {
 public:
  /// Reads a value of a recording: a line of `miko tap --record`, or of the input of `miko batch`.
  /// Throws Error{usage} naming the line.
  void add(std::string_view json, std::size_t line);

  [[nodiscard]] std::vector<RecordedCall>& calls() { return calls_; }

  /// Lines from which no case can be made, since the call had no reply or its arguments were left
  /// out.
  [[nodiscard]] std::size_t passed_over() const { return passed_over_; }

 private:
  std::vector<RecordedCall> calls_ = {};
  std::size_t passed_over_ = 0;
};

/// The case of a suite, as YAML, that passes by what is known. What differed between two answers,
/// and what looks like a random id or a time, is held to its form only.
[[nodiscard]] std::string case_yaml(const RecordedCall& call);

}  // namespace miko::cli
