#include "cli/stub_file.h"

#include <fmt/format.h>

#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/duration.h"
#include "cli/yaml_reader.h"

namespace miko::cli {
namespace {

/// Reads one file and says where it is wrong.
class StubReader {
 public:
  StubReader(const std::string& file, std::string_view service) : yaml_(file), service_(service) {}

  void read(const std::string& content, Stubs& stubs) const {
    const YAML::Node root = yaml_.load(content);
    yaml_.check_keys(root, {"service", "methods"});
    if (const YAML::Node service = root["service"]; service && yaml_.text(service) != service_) {
      throw yaml_.fail(service,
                       fmt::format("it is for the service '{}'", printable(yaml_.text(service))));
    }
    const YAML::Node methods = root["methods"];
    if (!methods || !methods.IsMap()) {
      throw yaml_.fail(methods ? methods : root, "it has no mapping 'methods'");
    }
    for (const auto& method : methods) {
      yaml_.at(YamlReader::line(method.first),
               [&] { stubs.add_method(yaml_.text(method.first), read_method(method.second)); });
    }
  }

 private:
  [[nodiscard]] StubbedMethod read_method(const YAML::Node& node) const {
    yaml_.check_keys(node, {"params", "stubs", "when", "reply", "raise", "exec", "echo", "delay"});
    StubbedMethod method;
    if (const YAML::Node params = node["params"]) {
      yaml_.at(YamlReader::line(params),
               [&] { method.signature = Signature::parse(parameters(params)); });
    }
    const YAML::Node several = node["stubs"];
    if (!several) {
      method.stubs.push_back(read_stub(node));
      return method;
    }
    if (!several.IsSequence() || several.size() == 0) {
      throw yaml_.fail(several, "'stubs' is not a list");
    }
    for (const char* key : {"when", "reply", "raise", "exec", "echo", "delay"}) {
      if (node[key]) {
        throw yaml_.fail(node[key], fmt::format("'{}' belongs into an entry of 'stubs'", key));
      }
    }
    for (const YAML::Node& stub : several) {
      yaml_.check_keys(stub, {"when", "reply", "raise", "exec", "echo", "delay"});
      method.stubs.push_back(read_stub(stub));
    }
    return method;
  }

  /// One text, or a list of parameters.
  [[nodiscard]] std::string parameters(const YAML::Node& node) const {
    if (!node.IsSequence()) {
      return yaml_.text(node);
    }
    std::string all;
    for (const YAML::Node& one : node) {
      all += (all.empty() ? "" : ", ") + yaml_.text(one);
    }
    return all;
  }

  [[nodiscard]] Stub read_stub(const YAML::Node& node) const {
    Stub stub;
    int actions = 0;
    if (const YAML::Node reply = node["reply"]) {
      ++actions;
      const std::string result = yaml_.json(reply);
      if (result.find("{{/") == std::string::npos) {
        stub.action = Response{.result = result};
      } else {
        stub.action = Template{.result = result};
      }
    }
    if (const YAML::Node raise = node["raise"]) {
      ++actions;
      yaml_.at(YamlReader::line(raise), [&] { stub.action = read_exception(raise); });
    }
    if (const YAML::Node program = node["exec"]) {
      ++actions;
      stub.action = Program{.command = yaml_.text(program)};
    }
    if (const YAML::Node echo = node["echo"]) {
      ++actions;
      if (yaml_.text(echo) != "true") {
        throw yaml_.fail(echo, "'echo' is not true");
      }
      stub.action = Echo();
    }
    if (actions != 1) {
      throw yaml_.fail(node, "there must be one of reply, raise, exec and echo");
    }
    if (const YAML::Node delay = node["delay"]) {
      yaml_.at(YamlReader::line(delay),
               [&] { stub.delay = parse_duration("delay", yaml_.text(delay)); });
    }
    if (const YAML::Node when = node["when"]) {
      stub.when = read_condition(when);
    }
    return stub;
  }

  /// "TYPE:MESSAGE", or {type, message}.
  [[nodiscard]] Template read_exception(const YAML::Node& node) const {
    std::string type;
    std::string message;
    if (node.IsMap()) {
      yaml_.check_keys(node, {"type", "message"});
      type = node["type"] ? yaml_.text(node["type"]) : "";
      message = node["message"] ? yaml_.text(node["message"]) : "";
      static_cast<void>(raised_by(type));
    } else {
      const Response response = raised_by(yaml_.text(node));
      type = response.error->exc_path;
      message = response.error->value;
    }
    return {.error = fmt::format(R"({{"type": {}, "message": {}}})", json_quote(type),
                                 json_quote(message))};
  }

  [[nodiscard]] Condition read_condition(const YAML::Node& node) const {
    yaml_.check_keys(node, {"args", "kwargs", "params", "headers", "subset", "/"});
    Condition when;
    std::string subset;
    for (const auto& entry : node) {
      const std::string key = yaml_.text(entry.first);
      const std::string value = yaml_.json(entry.second);
      if (key.starts_with('/')) {
        when.pointers.emplace_back(key, value);
        continue;
      }
      if (json_type(value) != (key == "args" ? JsonType::array : JsonType::object)) {
        throw yaml_.fail(entry.second,
                         fmt::format("'{}' is not a {}", key, key == "args" ? "list" : "mapping"));
      }
      if (key == "args") {
        when.args = value;
      } else if (key == "kwargs") {
        when.kwargs = value;
      } else if (key == "subset") {
        when.subset = value;
      } else {
        when.pointers.emplace_back("/" + key, value);
      }
    }
    return when;
  }

  YamlReader yaml_;
  std::string_view service_;
};

}  // namespace

void read_stub_file(const std::string& file, std::string_view service, FileInput& input,
                    Stubs& stubs) {
  try {
    StubReader(file, service).read(input.read(file), stubs);
  } catch (const YAML::Exception& error) {
    throw YamlReader(file).fail(YAML::Node(), printable(error.msg));
  }
}

}  // namespace miko::cli
