#include "cli/suite_order.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "base/text.h"

namespace miko::cli {
namespace {

constexpr Phase phases[] = {Phase::setup, Phase::cases, Phase::teardown};

std::vector<std::string> captured_by(const SuiteCase& one) {
  std::vector<std::string> names;
  for (const auto& [name, pointer] : one.capture) {
    names.push_back(name);
  }
  if (one.event) {
    for (const auto& [name, pointer] : one.event->capture) {
      names.push_back(name);
    }
  }
  return names;
}

/// A case that waits, through others, for itself; the number of cases if there is none.
std::size_t find_cycle(const std::vector<std::vector<std::size_t>>& needed) {
  std::vector<bool> done(needed.size());
  for (bool moved = true; moved;) {
    moved = false;
    for (std::size_t i = 0; i < needed.size(); ++i) {
      const bool free = std::all_of(needed[i].begin(), needed[i].end(),
                                    [&done](std::size_t other) { return done[other]; });
      if (!done[i] && free) {
        done[i] = moved = true;
      }
    }
  }
  return static_cast<std::size_t>(std::find(done.begin(), done.end(), false) - done.begin());
}

bool is_named(const SuiteCase& one, const std::vector<std::string>& filters) {
  return filters.empty() ||
         std::any_of(filters.begin(), filters.end(), [&one](const std::string& glob) {
           return ::fnmatch(glob.c_str(), one.name.c_str(), 0) == 0;
         });
}

}  // namespace

std::string_view phase_word(Phase phase) {
  switch (phase) {
    case Phase::setup:
      return "setup";
    case Phase::cases:
      return "cases";
    case Phase::teardown:
      return "teardown";
  }
  return "cases";
}

const std::vector<SuiteCase>& cases_of(const Suite& suite, Phase phase) {
  return phase == Phase::setup ? suite.setup : phase == Phase::cases ? suite.cases : suite.teardown;
}

std::map<std::string, CaseId> capturing_cases(const Suite& suite) {
  std::map<std::string, CaseId> makers;
  for (const Phase phase : phases) {
    const std::vector<SuiteCase>& all = cases_of(suite, phase);
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (const std::string& name : captured_by(all[i])) {
        makers.emplace(name, CaseId{.phase = phase, .index = i});
      }
    }
  }
  return makers;
}

std::vector<std::vector<std::size_t>> prerequisites(const Suite& suite, Phase phase) {
  const std::map<std::string, CaseId> makers = capturing_cases(suite);
  std::vector<std::vector<std::size_t>> needed;
  for (const SuiteCase& one : cases_of(suite, phase)) {
    needed.emplace_back();
    for (const std::string& name : one.uses) {
      const auto maker = makers.find(name);
      if (maker != makers.end() && maker->second.phase == phase) {
        needed.back().push_back(maker->second.index);
      }
    }
  }
  return needed;
}

OrderFault find_order_fault(const Suite& suite) {
  const std::map<std::string, CaseId> makers = capturing_cases(suite);
  for (const Phase phase : phases) {
    const std::vector<SuiteCase>& all = cases_of(suite, phase);
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (const std::string& name : captured_by(all[i])) {
        if (makers.at(name) != CaseId{.phase = phase, .index = i} || suite.variables.has(name)) {
          return {.line = all[i].line,
                  .what = fmt::format("'{}' is captured, but there is a variable of this name "
                                      "already",
                                      name)};
        }
      }
      for (const std::string& name : all[i].uses) {
        const auto maker = makers.find(name);
        if (maker != makers.end() && maker->second.phase > phase) {
          return {.line = all[i].line,
                  .what = fmt::format("'{}' is captured later, in {}", name,
                                      phase_word(maker->second.phase))};
        }
      }
    }
    if (const std::size_t stuck = find_cycle(prerequisites(suite, phase)); stuck < all.size()) {
      return {.line = all[stuck].line,
              .what = fmt::format("'{}' waits for what it captures itself, or for cases that wait "
                                  "for it",
                                  printable(shortened(all[stuck].name, 60)))};
    }
  }
  return {};
}

std::vector<bool> chosen_cases(const Suite& suite, const std::vector<std::string>& filters) {
  const std::vector<std::vector<std::size_t>> needed = prerequisites(suite, Phase::cases);
  std::vector<bool> chosen;
  for (const SuiteCase& one : suite.cases) {
    chosen.push_back(is_named(one, filters));
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      for (const std::size_t other : chosen[i] ? needed[i] : std::vector<std::size_t>()) {
        grown = grown || !chosen[other];
        chosen[other] = true;
      }
    }
  }
  return chosen;
}

std::size_t count_results(const Suite& suite, const std::vector<std::string>& filters) {
  const std::vector<bool> chosen = chosen_cases(suite, filters);
  return suite.setup.size() + suite.teardown.size() +
         static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), true));
}

}  // namespace miko::cli
