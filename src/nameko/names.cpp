#include "nameko/names.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace miko::nameko {
namespace {

constexpr std::size_t routing_key_size_max = 255;
constexpr std::size_t queue_name_size_max = 255;

}  // namespace

void check_name(std::string_view what, std::string_view name) {
  if (name.empty()) {
    throw usage_error(fmt::format("the {} name is empty", what));
  }
  for (std::string_view rest = name.substr(plain_prefix(name)); !rest.empty();) {
    const std::optional<CodePoint> code = decode_utf8(rest);
    if (!code || is_terminal_control(code->value)) {
      throw usage_error(fmt::format("the {} name '{}' contains a control character or is not UTF-8",
                                    what, printable(shortened(name, 60))));
    }
    rest.remove_prefix(code->bytes);
  }
}

std::string rpc_routing_key(std::string_view service, std::string_view method) {
  check_name("service", service);
  check_name("method", method);
  if (method.find('.') != std::string_view::npos) {
    throw usage_error(
        fmt::format("the method name '{}' contains a dot", printable(shortened(method, 60))),
        "only service names may contain dots");
  }
  std::string key;
  key.reserve(service.size() + 1 + method.size());
  key.append(service).append(1, '.').append(method);
  if (key.size() > routing_key_size_max) {
    throw usage_error(fmt::format("service and method name together have more than {} bytes",
                                  routing_key_size_max - 1));
  }
  return key;
}

std::string rpc_queue_name(std::string_view service) {
  check_name("service", service);
  std::string name = fmt::format("rpc-{}", service);
  if (name.size() > queue_name_size_max) {
    throw usage_error(
        fmt::format("the service name has more than {} bytes", queue_name_size_max - 4));
  }
  return name;
}

std::string reply_queue_name(std::string_view uuid) {
  return fmt::format("rpc.reply-miko-{}", uuid);
}

std::string rpc_binding_key(std::string_view service) {
  return fmt::format("{}.*", service);
}

std::string call_id(std::string_view uuid) {
  return std::string("miko.call.").append(uuid);
}

}  // namespace miko::nameko
