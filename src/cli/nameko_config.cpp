#include "cli/nameko_config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>

#include "base/error.h"
#include "base/text.h"
#include "cli/secret.h"

namespace miko::cli {
namespace {

/// A variable whose value refers to variables is looked up again, as Nameko does, and a mapping may
/// merge with one that merges again; those that refer to themselves would do so for ever.
constexpr int reference_depth_max = 16;

/// yaml-cpp takes a second for each megabyte or so, beyond every deadline.
constexpr std::size_t config_size_max = 1024UL * 1024;

bool has_variable(std::string_view text) {
  const std::size_t start = text.find("${");
  return start != std::string_view::npos && text.find('}', start) != std::string_view::npos;
}

/// A value of the file and the line on which it stands, from 1. The text of a variable is parsed on
/// its own and would know only lines of its own.
struct Value {
  YAML::Node node = YAML::Node(YAML::NodeType::Undefined);
  int line = 0;
};

/// Reads the values miko needs out of a parsed file.
class ConfigReader {
 public:
  ConfigReader(const std::string& file, const Environment& environment)
      : file_(file), environment_(environment) {}

  [[nodiscard]] NamekoConfig read(const YAML::Node& root) const {
    if (root.IsNull()) {
      return {};
    }
    if (!root.IsMap()) {
      throw fail(root.Mark().line + 1, "it is not a mapping");
    }
    NamekoConfig config = {.broker = text(root, "AMQP_URI"),
                           .exchange = text(root, "rpc_exchange"),
                           .login_method = text(root, "LOGIN_METHOD"),
                           .heartbeat = seconds(root, "HEARTBEAT")};
    read_tls(find(root, "AMQP_SSL"), config);
    return config;
  }

  /// A file that others can read may name a password, but not have it.
  void refuse_exposed_secret(const YAML::Node& root, const Exposure& exposure) const {
    const Value broker = root.IsMap() ? find_written(root, "AMQP_URI") : Value();
    if (exposure.why.empty() || !broker.node || !broker.node.IsScalar()) {
      return;
    }
    const auto no_variables = [](const std::string&) { return std::nullopt; };
    if (has_secret(substitute_environment(broker.node.Scalar(), no_variables))) {
      throw usage_error(fmt::format("{}:{}: AMQP_URI has a password in clear text, and {}",
                                    printable(file_), broker.line, exposure.why),
                        exposure.remedy + ", or write ${VARIABLE} instead of the password");
    }
  }

 private:
  [[nodiscard]] Error fail(int line, std::string_view why) const {
    return usage_error(fmt::format("{}:{}: {}", printable(file_), line, why));
  }

  /// The value of a key as it is written, of the mapping itself or of those it merges with "<<".
  [[nodiscard]] Value find_written(const YAML::Node& map, const char* key, int depth = 0) const {
    if (const YAML::Node own = map[key]) {
      return {.node = own, .line = own.Mark().line + 1};
    }
    const YAML::Node merged = map["<<"];
    if (merged && merged.IsMap()) {
      if (depth == reference_depth_max) {
        throw fail(merged.Mark().line + 1, "its mappings merge with each other without end");
      }
      return find_written(merged, key, depth + 1);
    }
    if (merged && merged.IsSequence()) {
      for (const YAML::Node& one : merged) {
        if (one.IsMap() && one[key]) {
          return find_written(one, key);
        }
      }
    }
    return {};
  }

  /// The same with its variables replaced.
  [[nodiscard]] Value find(const YAML::Node& map, const char* key) const {
    const Value written = find_written(map, key);
    return written.node
               ? Value{.node = resolve(written.node, written.line, 0), .line = written.line}
               : written;
  }

  /// A scalar with variables becomes whatever its text is after substitution, read as YAML again.
  [[nodiscard]] YAML::Node resolve(const YAML::Node& node, int line, int depth) const {
    if (!node.IsScalar()) {
      return node;
    }
    // yaml-cpp tags plain scalars "?" and quoted ones "!".
    const bool plain = node.Tag() == "?" || node.Tag().empty();
    const bool raw = node.Tag() == "!raw_env_var";
    const bool tagged = raw || node.Tag() == "!env_var";
    if (!tagged && !(plain && has_variable(node.Scalar()))) {
      return node;
    }
    if (depth == reference_depth_max) {
      throw fail(line, "its variables refer to each other without end");
    }
    const std::string value = substitute(node, line);
    if (value.size() > config_size_max) {
      throw fail(line, "it is too long with its variables replaced");
    }
    if (raw || value == node.Scalar()) {
      return YAML::Node(value);
    }
    YAML::Node again;
    try {
      again = YAML::Load(value);
    } catch (const YAML::Exception&) {
      throw fail(line, "it is not YAML with its variables replaced");
    }
    return resolve(again, line, depth + 1);
  }

  [[nodiscard]] std::string substitute(const YAML::Node& node, int line) const {
    try {
      return substitute_environment(node.Scalar(), environment_);
    } catch (const Error& error) {
      throw fail(line, error.what());
    }
  }

  std::optional<std::string> text(const YAML::Node& map, const char* key) const {
    const Value value = find(map, key);
    if (!value.node || value.node.IsNull()) {
      return std::nullopt;
    }
    if (!value.node.IsScalar()) {
      throw fail(value.line, fmt::format("{} is not a text", key));
    }
    return value.node.Scalar();
  }

  std::optional<std::chrono::seconds> seconds(const YAML::Node& map, const char* key) const {
    const std::optional<std::string> value = text(map, key);
    if (!value) {
      return std::nullopt;
    }
    unsigned number = 0;
    const char* const end = value->data() + value->size();
    const auto [stop, error] = std::from_chars(value->data(), end, number);
    if (error != std::errc() || stop != end || number > 65535) {
      throw fail(find(map, key).line, fmt::format("{} is not a number of seconds", key));
    }
    return std::chrono::seconds(number);
  }

  void read_tls(const Value& value, NamekoConfig& config) const {
    const YAML::Node& node = value.node;
    if (!node || node.IsNull()) {
      return;
    }
    if (!node.IsMap()) {
      if (!node.IsScalar() || !YAML::convert<bool>::decode(node, config.tls)) {
        throw fail(value.line, "AMQP_SSL is neither true, false nor a mapping");
      }
      return;
    }
    config.tls = true;
    config.ca_file = text(node, "ca_certs");
    config.certificate = text(node, "certfile");
    config.key = text(node, "keyfile");
    config.server_name = text(node, "server_hostname");
    // As Python's ssl constants, by name or by number. Without it kombu does not verify; miko does.
    const std::optional<std::string> required = text(node, "cert_reqs");
    config.insecure = required && (*required == "0" || required->find("NONE") != std::string::npos);
  }

  const std::string& file_;
  const Environment& environment_;
};

}  // namespace

NamekoConfig read_nameko_config(const std::string& file, const Environment& environment,
                                FileInput& input) {
  try {
    const FileText content = input.read_with_exposure(file);
    if (content.text.size() > config_size_max) {
      throw usage_error(fmt::format("cannot read '{}': a configuration of more than {} bytes",
                                    printable(shortened(file, 200)), config_size_max));
    }
    const YAML::Node root = YAML::Load(content.text);
    const ConfigReader reader(file, environment);
    NamekoConfig config = reader.read(root);
    reader.refuse_exposed_secret(root, content.exposure);
    return config;
  } catch (const YAML::Exception& error) {
    throw usage_error(fmt::format("{}:{}: {}", printable(file), error.mark.line + 1,
                                  printable(shortened(error.msg, 200))));
  }
}

std::string substitute_environment(const std::string& text, const Environment& environment) {
  const std::size_t first_end = text.find('}');
  if (text.starts_with("${") && first_end != std::string::npos) {
    // What Nameko's check for nesting matches: "${...}...}" with no '$' between the braces.
    const std::size_t second = text.find_first_of("$}", first_end + 1);
    if (second != std::string::npos && text[second] == '}') {
      throw usage_error("variables inside variables are not supported");
    }
  }
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t start = text.find("${", at);
    const std::size_t end = start == std::string::npos ? start : text.find('}', start);
    const std::size_t name_end =
        end == std::string::npos ? end : text.find_first_of("}: \t\r\n\f\v", start + 2);
    if (end == std::string::npos || name_end == start + 2) {
      const std::size_t next = start == std::string::npos ? text.size() : start + 2;
      out += text.substr(at, next - at);
      at = next;
      continue;
    }
    out += text.substr(at, start - at);
    const std::string name = text.substr(start + 2, name_end - start - 2);
    const std::size_t default_start = text[name_end] == ':' ? name_end + 1 : name_end;
    out += environment(name).value_or(text.substr(default_start, end - default_start));
    at = end + 1;
  }
  return out;
}

}  // namespace miko::cli
