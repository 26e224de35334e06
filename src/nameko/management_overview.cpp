// The part of nameko/management.h that reads what the HTTP API says; no network.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "base/error.h"
#include "base/json.h"
#include "nameko/management.h"

namespace miko {
namespace {

constexpr std::string_view events_suffix = ".events";

/// The items of an array of objects.
std::vector<JsonMember> rows_of(std::string_view what, std::string_view text) {
  const bool array =
      !find_json_fault(text, JsonDialect::strict) && json_type(text) == JsonType::array;
  if (!array) {
    throw Error({.kind = ErrorKind::bad_reply,
                 .message = fmt::format("the management API's {} are no JSON array", what)});
  }
  std::vector<JsonMember> rows = json_members(text);
  std::erase_if(rows,
                [](const JsonMember& row) { return json_type(row.value) != JsonType::object; });
  return rows;
}

/// The value at a path such as "message_stats.publish_details.rate".
std::optional<std::string_view> at(std::string_view object, std::string_view path) {
  std::optional<std::string_view> value = object;
  while (value && !path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    value = json_type(*value) == JsonType::object ? json_find(*value, path.substr(0, end))
                                                  : std::nullopt;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return value;
}

std::string text_at(std::string_view object, std::string_view path) {
  const auto value = at(object, path);
  return value && json_type(*value) == JsonType::string ? json_decode_string(*value) : "";
}

/// 0 where there is no number: a queue without traffic has no statistics.
template <class Number>
Number number_at(std::string_view object, std::string_view path) {
  const auto value = at(object, path);
  Number number = 0;
  if (value) {
    std::from_chars(value->data(), value->data() + value->size(), number);
  }
  return number;
}

QueueInfo queue_of(std::string_view row) {
  return {.name = text_at(row, "name"),
          .consumers = number_at<std::uint64_t>(row, "consumers"),
          .ready = number_at<std::uint64_t>(row, "messages_ready"),
          .unacknowledged = number_at<std::uint64_t>(row, "messages_unacknowledged"),
          .publish_rate = number_at<double>(row, "message_stats.publish_details.rate"),
          .deliver_rate = number_at<double>(row, "message_stats.deliver_get_details.rate")};
}

InstanceInfo instance_of(std::string_view row) {
  const std::string host = text_at(row, "channel_details.peer_host");
  const bool ipv6 = host.find(':') != std::string::npos;
  return {.peer = host.empty()
                      ? ""
                      : fmt::format("{}{}{}:{}", ipv6 ? "[" : "", host, ipv6 ? "]" : "",
                                    number_at<std::uint64_t>(row, "channel_details.peer_port")),
          .prefetch = number_at<std::uint64_t>(row, "prefetch_count")};
}

/// Queue names of Nameko's handlers: evt-SOURCE-EVENT for a singleton, evt-SOURCE-EVENT--HANDLER
/// for a pool, and that with -UUID for a broadcast. Source: nameko/events.py.
void classify(EventHandlerInfo& info) {
  constexpr std::size_t uuid_size = 32;
  const std::string common = fmt::format("evt-{}-{}", info.source, info.event);
  std::string_view name = info.queue.name;
  if (name == common) {
    info.kind = HandlerKind::singleton;
    return;
  }
  if (!name.starts_with(common + "--")) {
    info.kind = HandlerKind::other;
    return;
  }
  name.remove_prefix(common.size() + 2);
  const std::size_t dash = name.rfind('-');
  const bool broadcast =
      dash != std::string_view::npos && name.size() - dash - 1 == uuid_size &&
      name.find_first_not_of("0123456789abcdef", dash + 1) == std::string_view::npos;
  info.kind = broadcast ? HandlerKind::broadcast : HandlerKind::service_pool;
  info.handler = std::string(broadcast ? name.substr(0, dash) : name);
}

/// The service that a binding of the RPC exchange makes known; empty for others. A service's own
/// queue is bound by its name, an observer's is called otherwise.
std::string service_of(std::string_view queue, std::string_view key) {
  const std::string_view service = key.ends_with(".*") ? key.substr(0, key.size() - 2) : "";
  return !service.empty() && queue == fmt::format("rpc-{}", service) ? std::string(service) : "";
}

}  // namespace

std::vector<std::string> read_service_names(std::string_view bindings) {
  std::vector<std::string> names;
  for (const JsonMember& row : rows_of("bindings", bindings)) {
    std::string name =
        service_of(text_at(row.value, "destination"), text_at(row.value, "routing_key"));
    if (!name.empty()) {
      names.push_back(std::move(name));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

Overview read_overview(std::string_view exchange, std::string_view queues,
                       std::string_view consumers, std::string_view bindings) {
  std::map<std::string, QueueInfo> queue_by_name;
  for (const JsonMember& row : rows_of("queues", queues)) {
    QueueInfo queue = queue_of(row.value);
    queue_by_name.emplace(queue.name, queue);
  }
  std::map<std::string, std::vector<InstanceInfo>> instances;
  for (const JsonMember& row : rows_of("consumers", consumers)) {
    instances[text_at(row.value, "queue.name")].push_back(instance_of(row.value));
  }
  Overview overview;
  for (const JsonMember& row : rows_of("bindings", bindings)) {
    const std::string source = text_at(row.value, "source");
    const std::string key = text_at(row.value, "routing_key");
    const auto queue = queue_by_name.find(text_at(row.value, "destination"));
    if (queue == queue_by_name.end()) {
      continue;
    }
    if (source == exchange) {
      const std::string service = service_of(queue->first, key);
      if (!service.empty()) {
        overview.services.push_back(
            {.service = service, .queue = queue->second, .instances = instances[queue->first]});
      }
    } else if (source.ends_with(events_suffix)) {
      EventHandlerInfo info = {.source = source.substr(0, source.size() - events_suffix.size()),
                               .event = key,
                               .queue = queue->second};
      classify(info);
      overview.handlers.push_back(std::move(info));
    }
  }
  std::sort(overview.services.begin(), overview.services.end(),
            [](const ServiceInfo& a, const ServiceInfo& b) { return a.service < b.service; });
  std::sort(overview.handlers.begin(), overview.handlers.end(),
            [](const EventHandlerInfo& a, const EventHandlerInfo& b) {
              return std::tie(a.source, a.event, a.queue.name) <
                     std::tie(b.source, b.event, b.queue.name);
            });
  return overview;
}

}  // namespace miko
