#include "support/lab.h"

#include <rapidjson/document.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "support/temporary.h"

namespace miko::test {
namespace {

std::string text_at(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member == object.MemberEnd() || !member->value.IsString() ? "" : member->value.GetString();
}

int number_at(const rapidjson::Value& object, const char* name) {
  const auto member = object.FindMember(name);
  return member == object.MemberEnd() || !member->value.IsInt() ? 0 : member->value.GetInt();
}

std::vector<std::string> words_at(const rapidjson::Value& object, const char* name) {
  std::vector<std::string> words;
  for (const auto& word : object[name].GetArray()) {
    words.emplace_back(word.GetString());
  }
  return words;
}

Service service_from(const rapidjson::Value& object) {
  return {
      .vhost = text_at(object, "vhost"),
      .uri = text_at(object, "uri"),
      .pid = number_at(object, "pid"),
      .log = text_at(object, "log"),
      .config = text_at(object, "config"),
      .executed = text_at(object, "executed"),
      .command = words_at(object, "command"),
  };
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '.' || c == '_';
    if (plain) {
      result += c;
    } else {
      result += '%';
      result += hex[byte >> 4U];
      result += hex[byte & 15U];
    }
  }
  return result;
}

Lab shared_lab() {
  const char* file = std::getenv("MIKO_LAB");
  if (file != nullptr && *file != '\0') {
    return Lab::attach(file);
  }
  return Lab::start({.nameko_versions = {std::string(nameko_2), std::string(nameko_3)}});
}

}  // namespace

Lab::Lab(std::string_view description) {
  rapidjson::Document document;
  document.Parse(description.data(), description.size());
  if (document.HasParseError() || !document.IsObject()) {
    throw std::runtime_error("not the description of a lab: " + std::string(description));
  }
  host_ = text_at(document, "host");
  port_ = number_at(document, "port");
  tls_port_ = number_at(document, "tls_port");
  management_port_ = number_at(document, "management_port");
  user_ = text_at(document, "user");
  password_ = text_at(document, "password");
  uri_ = text_at(document, "uri");
  log_ = text_at(document, "log");
  broker_pid_ = number_at(document, "broker_pid");
  for (const auto& [version, service] : std::as_const(document)["services"].GetObject()) {
    services_[version.GetString()] = service_from(service);
  }
  for (const auto& reason : document["skipped"].GetArray()) {
    skipped_ += std::string(skipped_.empty() ? "" : "; ") + reason.GetString();
  }
  if (port_ == 0) {
    why_no_broker_ = skipped_.empty() ? "this lab has no broker" : skipped_;
    return;
  }
  rabbitmqctl_ = words_at(document, "rabbitmqctl");
  for (const auto& node : document["nodes"].GetArray()) {
    nodes_.push_back({.name = text_at(node, "name"),
                      .uri = text_at(node, "uri"),
                      .pid = number_at(node, "pid"),
                      .log = text_at(node, "log"),
                      .command = words_at(node, "command")});
  }
}

Lab Lab::attach(const std::string& file) {
  return Lab(read_file(file));
}

Lab Lab::start(const LabOptions& options) {
  std::string versions;
  for (const std::string& version : options.nameko_versions) {
    versions += (versions.empty() ? "" : ",") + version;
  }
  std::vector<std::string> argv = {MIKO_LAB_SCRIPT, "run",
                                   "--nameko",      versions.empty() ? "none" : versions,
                                   "--nodes",       std::to_string(options.nodes)};
  for (const std::string& line : options.broker_config) {
    argv.insert(argv.end(), {"--broker-config", line});
  }
  for (const std::string& vhost : options.vhosts) {
    argv.insert(argv.end(), {"--vhost", vhost});
  }
  for (const User& user : options.users) {
    argv.insert(argv.end(), {"--user", user.name + ":" + user.password + ":" + user.configure +
                                           ":" + user.write + ":" + user.read});
  }
  if (options.management) {
    argv.emplace_back("--management");
  }
  if (options.tls) {
    argv.insert(argv.end(), {"--tls", *options.tls});
  }
  // The open pipe on its stdin is what keeps the lab up; the limit is for the whole of its life.
  auto process = std::make_unique<Child>(
      Command{.argv = std::move(argv), .input = Pipe{}, .time_limit = std::chrono::minutes(30)});
  Lab result(process->read_stdout_until("\n"));
  result.process_ = std::move(process);
  return result;
}

std::string Lab::why_no_nameko(std::string_view version) const {
  if (!why_no_broker_.empty() || services_.contains(version)) {
    return why_no_broker_;
  }
  return "Nameko " + std::string(version) + " is not in this lab: " + skipped_;
}

std::string Lab::uri(std::string_view vhost) const {
  return uri({.name = user_, .password = password_}, vhost);
}

std::string Lab::uri(const User& user, std::string_view vhost) const {
  return "amqp://" + percent_encoded(user.name) + ":" + percent_encoded(user.password) + "@" +
         host_ + ":" + std::to_string(port_) + "/" +
         (vhost == "/" ? std::string() : percent_encoded(vhost));
}

std::string Lab::broker_log() const {
  return read_file(log_);
}

const Service& Lab::service(std::string_view version) const {
  const auto found = services_.find(version);
  if (found == services_.end()) {
    throw std::runtime_error(why_no_nameko(version));
  }
  return found->second;
}

Outcome Lab::rabbitmqctl(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv = rabbitmqctl_;
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run({.argv = std::move(argv)});
}

bool Lab::hides_from_strangers() const {
  std::array<int, 3> version = {};
  std::sscanf(rabbitmqctl({"version"}).out.c_str(), "%d.%d.%d", &version[0], &version[1],
              &version[2]);
  return version >= std::array{4, 2, 6};
}

const Lab& lab() {
  static const Lab shared = shared_lab();
  return shared;
}

bool lab_is_required() {
  const char* required = std::getenv("MIKO_REQUIRE_LAB");
  return required != nullptr && std::string_view(required) == "1";
}

}  // namespace miko::test
