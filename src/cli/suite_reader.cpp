#include "cli/suite_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/suite_case.h"
#include "cli/suite_order.h"
#include "cli/suite_variables.h"
#include "cli/yaml_reader.h"

namespace miko::cli {
namespace {

constexpr std::size_t cases_max = 10'000;
constexpr std::uint64_t retries_max = 1000;

const std::vector<std::string>& keys_of(std::string_view what) {
  const std::span<const SuiteKeys> all = suite_keys();
  return std::find_if(all.begin(), all.end(),
                      [what](const SuiteKeys& one) { return one.what == what; })
      ->keys;
}

/// What cases have that do not say otherwise.
struct Defaults {
  std::string service = {};
  std::string context = "{}";
  std::string headers = "{}";
  std::optional<std::chrono::nanoseconds> timeout = std::nullopt;
  std::optional<std::chrono::nanoseconds> within = std::nullopt;
  std::optional<Retry> retry = std::nullopt;
};

class SuiteReader {
 public:
  SuiteReader(const std::string& file, const SuiteSources& sources, FileInput& input)
      : yaml_(file), sources_(sources), variables_(yaml_, sources, suite_.variables, input) {
    suite_.file = file;
  }

  /// What is wrong may repeat what was filled in.
  Suite read_masked(const YAML::Node& root) {
    try {
      return read(root);
    } catch (const Error& error) {
      Failure failure = error.failure();
      failure.message = suite_.variables.masked(failure.message);
      failure.hint = suite_.variables.masked(failure.hint);
      throw Error(std::move(failure));
    } catch (const YAML::Exception& error) {
      throw yaml_.fail(YAML::Node(), printable(error.msg));
    }
  }

 private:
  Suite read(const YAML::Node& root) {
    yaml_.check_keys(root, keys_of("suite"));
    suite_.name = root["name"] ? yaml_.text(root["name"]) : suite_.file;
    variables_.read(root["secrets"], root["vars"]);
    if (const YAML::Node defaults = root["defaults"]) {
      read_defaults(defaults);
    }
    suite_.setup = read_cases(root["setup"]);
    suite_.cases = read_cases(root["cases"]);
    suite_.teardown = read_cases(root["teardown"]);
    if (suite_.cases.empty()) {
      throw yaml_.fail(root["cases"] ? root["cases"] : root, "it has no cases",
                       "write them as a list below 'cases:'");
    }
    check();
    return std::move(suite_);
  }

  // Cases.

  void read_defaults(const YAML::Node& node) {
    yaml_.check_keys(node, keys_of("defaults"));
    defaults_.service = text_or(node["service"], "");
    defaults_.context = mapping(node["ctx"], "ctx");
    defaults_.headers = mapping(node["headers"], "headers");
    defaults_.timeout = duration(node["timeout"], "timeout");
    defaults_.within = duration(node["within"], "within");
    defaults_.retry = read_retry(node["retry"]);
  }

  std::vector<SuiteCase> read_cases(const YAML::Node& node) {
    std::vector<SuiteCase> cases;
    if (!node) {
      return cases;
    }
    if (!node.IsSequence()) {
      throw yaml_.fail(node, "this is not a list of cases");
    }
    for (const YAML::Node& one : node) {
      yaml_.at(YamlReader::line(one), [&] { cases.push_back(read_case(one)); });
      if (++count_ > cases_max) {
        throw yaml_.fail(one, fmt::format("there are more than {} cases", cases_max));
      }
    }
    return cases;
  }

  SuiteCase read_case(const YAML::Node& node) {
    yaml_.check_keys(node, keys_of("case"));
    SuiteCase one = {.line = YamlReader::line(node),
                     .context = defaults_.context,
                     .headers = defaults_.headers,
                     .within = defaults_.within,
                     .timeout = defaults_.timeout,
                     .retry = defaults_.retry};
    read_request(node, one);
    one.name = name_of(node, one);
    one.expect = read_expectations(node["expect"]);
    if (node["expect_error"]) {
      one.expect_error = yaml_.text(node["expect_error"]);
    }
    if (node["timeout"]) {
      one.timeout = duration(node["timeout"], "timeout");
    }
    if (node["within"]) {
      one.within = duration(node["within"], "within");
    }
    if (node["retry"]) {
      one.retry = read_retry(node["retry"]);
    }
    one.capture = read_captures(node["capture"]);
    if (const YAML::Node skip = node["skip"]) {
      one.skip = yaml_.text(skip);
      if (one.skip->empty()) {
        throw yaml_.fail(skip, "'skip' has no reason");
      }
    }
    if (const YAML::Node event = node["event"]) {
      one.event = read_event(event);
    }
    check_times(node, one);
    return one;
  }

  void read_request(const YAML::Node& node, SuiteCase& one) {
    if (node["ctx"]) {
      one.context = mapping(node["ctx"], "ctx");
    }
    if (node["headers"]) {
      one.headers = mapping(node["headers"], "headers");
    }
    if (const YAML::Node dispatch = node["dispatch"]) {
      for (const char* key :
           {"service", "method", "args", "kwargs", "expect", "expect_error", "within", "capture"}) {
        if (node[key]) {
          throw yaml_.fail(node[key], fmt::format("'{}' is for a call, and this dispatches", key),
                           "what must come of it stands in 'event'");
        }
      }
      yaml_.check_keys(dispatch, keys_of("dispatch"));
      one.dispatch = SuiteDispatch{.service = text_or(dispatch["service"], defaults_.service),
                                   .event = text_or(dispatch["event"], ""),
                                   .data = yaml_.json(dispatch["data"])};
      return;
    }
    if (!node["method"]) {
      throw yaml_.fail(node, "there is neither 'method' nor 'dispatch'",
                       "write service: orders and method: get");
    }
    one.target = {.service = text_or(node["service"], defaults_.service),
                  .method = yaml_.text(node["method"])};
    const std::size_t dot = one.target.method.rfind('.');
    if (one.target.service.empty() && dot != std::string::npos) {
      one.target.service = one.target.method.substr(0, dot);
      one.target.method.erase(0, dot + 1);
    }
    if (one.target.service.empty()) {
      throw yaml_.fail(node["method"], "there is no 'service'");
    }
    if (node["args"]) {
      one.args = yaml_.json(node["args"]);
    }
    if (node["kwargs"]) {
      one.kwargs = yaml_.json(node["kwargs"]);
    }
  }

  std::string name_of(const YAML::Node& node, const SuiteCase& one) {
    if (node["name"]) {
      std::string name = yaml_.text(node["name"]);
      if (++names_[name] > 1) {
        throw yaml_.fail(node["name"],
                         fmt::format("there is another case '{}'", printable(shortened(name, 60))));
      }
      return name;
    }
    std::string name =
        one.dispatch ? fmt::format("{}.{} dispatched", one.dispatch->service, one.dispatch->event)
                     : fmt::format("{}.{}", one.target.service, one.target.method);
    const int number = ++names_[name];
    return number == 1 ? name : fmt::format("{} ({})", name, number);
  }

  std::vector<SuiteExpectation> read_expectations(const YAML::Node& node) {
    std::vector<SuiteExpectation> all;
    if (!node) {
      return all;
    }
    if (node.IsSequence()) {
      for (const YAML::Node& item : node) {
        add_expectations(item, all);
      }
    } else {
      add_expectations(node, all);
    }
    return all;
  }

  /// An expression, or a mapping of pointers and values.
  void add_expectations(const YAML::Node& node, std::vector<SuiteExpectation>& all) {
    if (!node.IsMap()) {
      yaml_.at(YamlReader::line(node), [&] {
        all.push_back(
            {.parts = split_expectation(yaml_.text(node)), .line = YamlReader::line(node)});
      });
      return;
    }
    yaml_.check_mapping(node);
    for (const auto& entry : node) {
      const std::string pointer = yaml_.text(entry.first);
      if (pointer.find(' ') != std::string::npos && pointer.find('"') != std::string::npos) {
        throw yaml_.fail(entry.first, "an expression with ': ' in it must stand in quotes",
                         fmt::format("- '{}: ...'", printable(shortened(pointer, 60))));
      }
      all.push_back({.parts = {.pointer = pointer, .operand = yaml_.json(entry.second)},
                     .is_value = true,
                     .line = YamlReader::line(entry.first)});
    }
  }

  SuiteEvent read_event(const YAML::Node& node) {
    yaml_.check_keys(node, keys_of("event"));
    return {.service = text_or(node["service"], defaults_.service),
            .event = text_or(node["event"], ""),
            .expect = read_expectations(node["expect"]),
            .within = duration(node["within"], "within"),
            .capture = read_captures(node["capture"])};
  }

  Captures read_captures(const YAML::Node& node) {
    Captures captures;
    if (!node) {
      return captures;
    }
    yaml_.check_mapping(node);
    for (const auto& entry : node) {
      yaml_.at(YamlReader::line(entry.first), [&] {
        captures.emplace_back(yaml_.text(entry.first), yaml_.text(entry.second));
        check_pointer(captures.back().second);
        if (!is_variable_name(captures.back().first)) {
          throw usage_error(fmt::format("'{}' is no name of a variable",
                                        printable(shortened(captures.back().first, 60))));
        }
        captured_.push_back(captures.back().first);
      });
    }
    return captures;
  }

  std::optional<Retry> read_retry(const YAML::Node& node) {
    if (!node) {
      return std::nullopt;
    }
    Retry retry;
    yaml_.at(YamlReader::line(node), [&] {
      if (!node.IsMap()) {
        retry.times = parse_count("retry", yaml_.text(node), 0, retries_max);
        return;
      }
      yaml_.check_keys(node, keys_of("retry"));
      retry.times = parse_count("times", text_or(node["times"], "1"), 0, retries_max);
      retry.every = duration(node["every"], "every").value_or(retry.every);
    });
    return retry;
  }

  void check_times(const YAML::Node& node, const SuiteCase& one) {
    const std::chrono::nanoseconds timeout = one.timeout.value_or(sources_.timeout);
    const auto check_one = [&](const YAML::Node& where,
                               std::optional<std::chrono::nanoseconds> within) {
      if (within) {
        yaml_.at(YamlReader::line(where), [&] { check_within(*within, timeout); });
      }
    };
    check_one(node["within"] ? node["within"] : node, one.within);
    if (one.event) {
      check_one(node["event"], one.event->within);
    }
  }

  // Checks of the whole.

  void check() {
    for (std::vector<SuiteCase>* cases : {&suite_.setup, &suite_.cases, &suite_.teardown}) {
      for (SuiteCase& one : *cases) {
        yaml_.at(one.line, [&] { check_case(one); });
      }
    }
    if (const OrderFault fault = find_order_fault(suite_); fault.line > 0) {
      yaml_.at(fault.line, [&] { throw usage_error(fault.what); });
    }
    variables_.check_secrets(captured_);
  }

  /// Fills the case as the run will, with something for what is captured only then.
  void check_case(SuiteCase& one) {
    std::optional<Error> first;
    for (const char* stand_in : {"0", "[]", "{}"}) {
      try {
        static_cast<void>(fill_case(one, [&](const Placeholder& place) {
          one.uses.insert(place.name);
          return is_captured(place.name) ? std::string(stand_in)
                                         : variables_.known_value(place, captured_);
        }));
        return;
      } catch (const Error& error) {
        first = first ? first : std::optional<Error>(error);
      }
    }
    throw Error(*first);
  }

  [[nodiscard]] bool is_captured(const std::string& name) const {
    return std::find(captured_.begin(), captured_.end(), name) != captured_.end();
  }

  // Nodes.

  [[nodiscard]] std::string text_or(const YAML::Node& node, const std::string& other) const {
    return node ? yaml_.text(node) : other;
  }

  [[nodiscard]] std::string mapping(const YAML::Node& node, std::string_view what) const {
    if (!node) {
      return "{}";
    }
    if (!node.IsMap()) {
      throw yaml_.fail(node, fmt::format("'{}' is not a mapping", what));
    }
    return yaml_.json(node);
  }

  [[nodiscard]] std::optional<std::chrono::nanoseconds> duration(const YAML::Node& node,
                                                                 std::string_view what) const {
    std::optional<std::chrono::nanoseconds> parsed;
    if (node) {
      yaml_.at(YamlReader::line(node), [&] { parsed = parse_duration(what, yaml_.text(node)); });
    }
    return parsed;
  }

  YamlReader yaml_;
  const SuiteSources& sources_;
  Suite suite_ = {};
  SuiteVariables variables_;
  Defaults defaults_ = {};
  std::vector<std::string> captured_ = {};
  std::map<std::string, int> names_ = {};
  std::size_t count_ = 0;
};

}  // namespace

std::span<const SuiteKeys> suite_keys() {
  static const std::vector<SuiteKeys> keys = {
      {"suite", {"name", "vars", "secrets", "defaults", "setup", "cases", "teardown"}},
      {"defaults", {"service", "ctx", "headers", "timeout", "within", "retry"}},
      {"case",
       {"name", "service", "method", "args", "kwargs", "ctx", "headers", "dispatch", "event",
        "expect", "expect_error", "within", "timeout", "capture", "skip", "retry"}},
      {"dispatch", {"service", "event", "data"}},
      {"event", {"service", "event", "expect", "within", "capture"}},
      {"retry", {"times", "every"}}};
  return keys;
}

Suite read_suite(const std::string& file, const SuiteSources& sources, FileInput& input) {
  return parse_suite(file, input.read(file), sources, input);
}

Suite parse_suite(const std::string& file, const std::string& content, const SuiteSources& sources,
                  FileInput& input) {
  return SuiteReader(file, sources, input).read_masked(YamlReader(file).load(content));
}

}  // namespace miko::cli
