#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/suite.h"

namespace miko::cli {

enum class Phase { setup, cases, teardown };

/// Its key in the file.
[[nodiscard]] std::string_view phase_word(Phase phase);

/// A case by its phase and place in it.
struct CaseId {
  Phase phase = Phase::cases;
  std::size_t index = 0;

  auto operator<=>(const CaseId&) const = default;
};

/// The cases of a phase.
[[nodiscard]] const std::vector<SuiteCase>& cases_of(const Suite& suite, Phase phase);

/// Who captures which variable; the first if several do.
[[nodiscard]] std::map<std::string, CaseId> capturing_cases(const Suite& suite);

/// For each case of a phase those of the same phase that must have passed before, since they
/// capture what it uses.
[[nodiscard]] std::vector<std::vector<std::size_t>> prerequisites(const Suite& suite, Phase phase);

/// The cases that the filters choose, and those whose captures they use.
[[nodiscard]] std::vector<bool> chosen_cases(const Suite& suite,
                                             const std::vector<std::string>& filters);

/// How many results the run of a suite has.
[[nodiscard]] std::size_t count_results(const Suite& suite,
                                        const std::vector<std::string>& filters);

/// What is wrong with the order of captures, and the line: a case uses what a later phase captures,
/// or cases wait for each other. Empty if nothing is.
struct OrderFault {
  std::size_t line = 0;
  std::string what = {};
};
[[nodiscard]] OrderFault find_order_fault(const Suite& suite);

}  // namespace miko::cli
