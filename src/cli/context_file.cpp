#include "cli/context_file.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/suggest.h"
#include "nameko/client.h"

namespace miko::cli {
namespace {

constexpr std::size_t context_size_max = 64UL * 1024;

enum class Kind { text, uri, port, path, duration };

struct TextKey {
  std::string_view name;
  std::optional<std::string> Context::*member;
  Kind kind;
};

constexpr TextKey connection_keys[] = {
    {"broker", &Context::broker, Kind::uri}, {"host", &Context::host, Kind::text},
    {"port", &Context::port, Kind::port},    {"vhost", &Context::vhost, Kind::text},
    {"user", &Context::user, Kind::text},
};
constexpr TextKey other_keys[] = {
    {"exchange", &Context::exchange, Kind::text},
    {"management", &Context::management, Kind::text},
    {"cacert", &Context::ca_file, Kind::path},
    {"cert", &Context::certificate, Kind::path},
    {"key", &Context::key, Kind::path},
    {"servername", &Context::server_name, Kind::text},
    {"timeout", &Context::timeout, Kind::duration},
};

struct SwitchKey {
  std::string_view name;
  bool Context::*member;
};

constexpr SwitchKey switch_keys[] = {{"tls", &Context::tls}, {"insecure", &Context::insecure}};

const TextKey* find_text_key(std::string_view name) {
  const auto is_it = [name](const TextKey& key) { return key.name == name; };
  const auto* const found =
      std::find_if(std::begin(connection_keys), std::end(connection_keys), is_it);
  if (found != std::end(connection_keys)) {
    return found;
  }
  const auto* const other = std::find_if(std::begin(other_keys), std::end(other_keys), is_it);
  return other != std::end(other_keys) ? other : nullptr;
}

const SwitchKey* find_switch_key(std::string_view name) {
  const auto* const found = std::find_if(std::begin(switch_keys), std::end(switch_keys),
                                         [name](const SwitchKey& key) { return key.name == name; });
  return found != std::end(switch_keys) ? found : nullptr;
}

std::vector<std::string> key_names() {
  std::vector<std::string> names = {"password"};
  for (const TextKey& key : connection_keys) {
    names.emplace_back(key.name);
  }
  for (const TextKey& key : other_keys) {
    names.emplace_back(key.name);
  }
  for (const SwitchKey& key : switch_keys) {
    names.emplace_back(key.name);
  }
  return names;
}

class ContextReader {
 public:
  ContextReader(const FileText& content, const std::string& home, Context& context)
      : content_(content), home_(home), context_(context) {}

  void read(const YAML::Node& root) {
    if (root.IsNull()) {
      return;
    }
    if (!root.IsMap()) {
      throw fail(root.Mark().line + 1, "it is not a mapping");
    }
    for (const auto& pair : root) {
      line_ = pair.first.Mark().line + 1;
      if (!pair.first.IsScalar()) {
        throw fail(line_, "a key is not a word");
      }
      read(pair.first.Scalar(), pair.second);
    }
  }

 private:
  [[nodiscard]] Error fail(int line, std::string_view why, std::string hint = {}) const {
    return usage_error(fmt::format("{}:{}: {}", printable(context_.file), line, why),
                       std::move(hint));
  }

  void read(const std::string& key, const YAML::Node& value) {
    const TextKey* const text_key = find_text_key(key);
    const SwitchKey* const switch_key = find_switch_key(key);
    if (text_key == nullptr && switch_key == nullptr && key != "password") {
      throw fail(line_, fmt::format("unknown key '{}'", printable(shortened(key, 40))),
                 suggestion(key, key_names()));
    }
    if (value.IsNull()) {
      return;
    }
    if (switch_key != nullptr) {
      if (!value.IsScalar() || !YAML::convert<bool>::decode(value, context_.*switch_key->member)) {
        throw fail(line_, fmt::format("{} is neither true nor false", key));
      }
      return;
    }
    if (!value.IsScalar() || value.Scalar().empty() ||
        value.Scalar().find('\0') != std::string::npos) {
      throw fail(line_, fmt::format("{} is not a text", key));
    }
    try {
      if (text_key == nullptr) {
        read_password(value.Scalar());
      } else {
        context_.*text_key->member = checked(*text_key, value.Scalar());
      }
    } catch (const Error& error) {
      throw fail(line_, error.what(), error.failure().hint);
    }
  }

  void read_password(const std::string& text) {
    SecretReference reference = parse_secret_reference(text);
    if (reference.source == SecretReference::Source::text) {
      refuse_exposed("password");
    }
    if (reference.source == SecretReference::Source::command && content_.exposure.foreign) {
      throw usage_error("password names a command, and others may write this file",
                        content_.exposure.remedy);
    }
    if (reference.source == SecretReference::Source::file) {
      reference.value = path("password", reference.value);
    }
    context_.password = std::move(reference);
  }

  void refuse_exposed(std::string_view key) const {
    if (!content_.exposure.why.empty()) {
      throw usage_error(
          fmt::format("{} has a password in clear text, and {}", key, content_.exposure.why),
          content_.exposure.remedy + ", or write password: env:NAME, file:PATH or cmd:COMMAND");
    }
  }

  [[nodiscard]] std::string checked(const TextKey& key, const std::string& text) const {
    switch (key.kind) {
      case Kind::text:
        break;
      case Kind::uri:
        check_broker_uri(text);
        if (has_secret(text)) {
          refuse_exposed(key.name);
        }
        break;
      case Kind::port:
        static_cast<void>(parse_port(key.name, text));
        break;
      case Kind::path:
        return path(key.name, text);
      case Kind::duration:
        static_cast<void>(parse_duration(key.name, text));
        break;
    }
    return text;
  }

  [[nodiscard]] std::string path(std::string_view key, const std::string& text) const {
    if (text.starts_with("~/") && !home_.empty()) {
      return home_ + text.substr(1);
    }
    if (!text.starts_with('/')) {
      throw usage_error(fmt::format("{} is no path from the root", key),
                        "begin it with / or with ~/");
    }
    return text;
  }

  const FileText& content_;
  const std::string& home_;
  Context& context_;
  int line_ = 0;
};

void append(std::vector<ContextValue>& values, std::span<const TextKey> keys,
            const Context& context) {
  for (const TextKey& key : keys) {
    if (const std::optional<std::string>& text = context.*key.member) {
      values.push_back({.key = key.name,
                        .value = key.kind == Kind::uri ? with_masked_passwords(*text) : *text,
                        .is_text = key.kind != Kind::port});
    }
  }
}

}  // namespace

std::vector<ContextValue> context_values(const Context& context) {
  std::vector<ContextValue> values;
  append(values, connection_keys, context);
  if (context.password) {
    values.push_back({.key = "password", .value = context.password->shown(), .is_text = true});
  }
  append(values, other_keys, context);
  for (const SwitchKey& key : switch_keys) {
    if (context.*key.member) {
      values.push_back({.key = key.name, .value = "true", .is_text = false});
    }
  }
  return values;
}

Context parse_context(std::string_view name, const std::string& file, const FileText& content,
                      const std::string& home) {
  Context context = {.name = std::string(name), .file = file};
  if (content.text.size() > context_size_max) {
    throw usage_error(fmt::format("cannot read '{}': a context of more than {} bytes",
                                  printable(shortened(file, 200)), context_size_max));
  }
  try {
    ContextReader(content, home, context).read(YAML::Load(content.text));
  } catch (const YAML::Exception& error) {
    throw usage_error(fmt::format("{}:{}: {}", printable(file), error.mark.line + 1,
                                  printable(shortened(error.msg, 200))));
  }
  return context;
}

std::string format_context(const Context& context) {
  std::string text;
  for (const ContextValue& value : context_values(context)) {
    const TextKey* const key = find_text_key(value.key);
    // What is shown masked is written as it is.
    const std::string written = value.key == "password" ? context.password->written()
                                : key != nullptr        ? *(context.*key->member)
                                                        : value.value;
    // A JSON string is a YAML string as well.
    text += fmt::format("{}: {}\n", value.key, value.is_text ? json_quote(written) : written);
  }
  return text;
}

}  // namespace miko::cli
