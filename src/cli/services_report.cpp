#include "cli/services_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "cli/table.h"

namespace miko::cli {
namespace {

std::string_view kind_word(HandlerKind kind) {
  switch (kind) {
    case HandlerKind::service_pool:
      return "pool";
    case HandlerKind::singleton:
      return "singleton";
    case HandlerKind::broadcast:
      return "broadcast";
    case HandlerKind::other:
      return "other";
  }
  return "other";
}

ServiceRow row_of(const Overview& overview, const std::string& service) {
  ServiceRow row = {.service = service};
  const auto found = std::find_if(overview.services.begin(), overview.services.end(),
                                  [&](const ServiceInfo& one) { return one.service == service; });
  if (found != overview.services.end()) {
    row.info = *found;
    row.state = {.deployed = true,
                 .instances = static_cast<std::uint32_t>(found->queue.consumers),
                 .ready = static_cast<std::uint32_t>(found->queue.ready)};
  }
  for (const EventHandlerInfo& handler : overview.handlers) {
    // Method names have no dots, service names may.
    const std::size_t dot = handler.handler.rfind('.');
    if (dot != std::string::npos && handler.handler.substr(0, dot) == service) {
      row.handles.push_back(handler);
    }
    if (handler.source == service) {
      row.events.push_back(handler);
    }
  }
  return row;
}

void write_handlers(JsonWriter& json, const std::vector<EventHandlerInfo>& handlers) {
  json.begin_array();
  for (const EventHandlerInfo& one : handlers) {
    json.begin_object();
    json.key("source").text(one.source);
    json.key("event").text(one.event);
    if (one.handler.empty()) {
      json.key("handler").null();
    } else {
      json.key("handler").text(one.handler);
    }
    json.key("kind").text(kind_word(one.kind));
    json.key("queue").text(one.queue.name);
    json.key("instances").integer(static_cast<long long>(one.queue.consumers));
    json.key("ready").integer(static_cast<long long>(one.queue.ready));
    json.key("unacknowledged").integer(static_cast<long long>(one.queue.unacknowledged));
    json.end_object();
  }
  json.end_array();
}

void write_info(JsonWriter& json, const ServiceRow& row) {
  const QueueInfo& queue = row.info->queue;
  json.key("unacknowledged").integer(static_cast<long long>(queue.unacknowledged));
  json.key("publish_rate").raw(fmt::format("{:.1f}", queue.publish_rate));
  json.key("deliver_rate").raw(fmt::format("{:.1f}", queue.deliver_rate));
  json.key("peers").begin_array();
  for (const InstanceInfo& instance : row.info->instances) {
    json.begin_object();
    json.key("address").text(instance.peer);
    json.key("prefetch").integer(static_cast<long long>(instance.prefetch));
    json.end_object();
  }
  json.end_array();
  write_handlers(json.key("handles"), row.handles);
  write_handlers(json.key("events"), row.events);
}

std::string number(std::uint64_t value) {
  return fmt::format("{}", value);
}

Cell instances_cell(const ServiceState& state) {
  return state.deployed
             ? Cell{number(state.instances), state.instances > 0 ? Tone::good : Tone::bad}
             : Cell{"not deployed", Tone::bad};
}

Cell ready_cell(std::uint64_t ready) {
  return {number(ready), ready > 0 ? Tone::careful : Tone::plain};
}

std::string prefetch_text(const std::vector<InstanceInfo>& instances) {
  std::vector<std::uint64_t> values;
  values.reserve(instances.size());
  for (const InstanceInfo& one : instances) {
    values.push_back(one.prefetch);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  std::string text;
  for (const std::uint64_t value : values) {
    text += (text.empty() ? "" : ",") + number(value);
  }
  return text;
}

std::string short_table(const std::vector<ServiceRow>& rows, bool colour) {
  Table table({"SERVICE", "INSTANCES", "READY"});
  for (const ServiceRow& row : rows) {
    table.add({{row.service}, instances_cell(row.state), ready_cell(row.state.ready)});
  }
  return table.text(colour);
}

std::string long_table(const std::vector<ServiceRow>& rows, bool colour) {
  Table table({"SERVICE", "INSTANCES", "READY", "UNACKED", "IN/S", "OUT/S", "PREFETCH"});
  for (const ServiceRow& row : rows) {
    const ServiceInfo info = row.info.value_or(ServiceInfo());
    table.add({{row.service},
               instances_cell(row.state),
               ready_cell(row.state.ready),
               {number(info.queue.unacknowledged)},
               {fmt::format("{:.1f}", info.queue.publish_rate)},
               {fmt::format("{:.1f}", info.queue.deliver_rate)},
               {prefetch_text(info.instances)}});
  }
  return table.text(colour);
}

std::string instances_table(const std::vector<ServiceRow>& rows, bool colour) {
  Table table({"INSTANCE OF", "CONNECTED FROM", "PREFETCH"});
  for (const ServiceRow& row : rows) {
    const ServiceInfo info = row.info.value_or(ServiceInfo());
    for (const InstanceInfo& one : info.instances) {
      table.add({{row.service}, {one.peer}, {number(one.prefetch)}});
    }
  }
  return table.text(colour);
}

std::string events_table(const std::vector<ServiceRow>& rows, bool colour) {
  Table table({"EVENT", "HANDLER", "KIND", "INSTANCES", "READY", "UNACKED"});
  std::vector<std::string> shown;
  for (const ServiceRow& row : rows) {
    std::vector<EventHandlerInfo> handlers = row.handles;
    handlers.insert(handlers.end(), row.events.begin(), row.events.end());
    for (const EventHandlerInfo& one : handlers) {
      const std::string id = one.queue.name + '\n' + one.source + '\n' + one.event;
      if (std::find(shown.begin(), shown.end(), id) != shown.end()) {
        continue;
      }
      shown.push_back(id);
      table.add({{one.source + '.' + one.event},
                 {one.handler.empty() ? one.queue.name : one.handler},
                 {std::string(kind_word(one.kind)), Tone::faint},
                 {number(one.queue.consumers), one.queue.consumers > 0 ? Tone::good : Tone::bad},
                 ready_cell(one.queue.ready),
                 {number(one.queue.unacknowledged)}});
    }
  }
  return shown.empty() ? "" : table.text(colour);
}

}  // namespace

std::vector<ServiceRow> rows_of(const Overview& overview, const std::vector<std::string>& names) {
  std::vector<ServiceRow> rows;
  if (names.empty()) {
    for (const ServiceInfo& one : overview.services) {
      rows.push_back(row_of(overview, one.service));
    }
  }
  for (const std::string& name : names) {
    rows.push_back(row_of(overview, name));
  }
  return rows;
}

std::string services_json(const std::vector<ServiceRow>& rows) {
  JsonWriter json;
  json.begin_array();
  for (const ServiceRow& row : rows) {
    json.begin_object();
    json.key("service").text(row.service);
    json.key("deployed").boolean(row.state.deployed);
    json.key("instances").integer(row.state.instances);
    json.key("ready").integer(row.state.ready);
    if (row.info) {
      write_info(json, row);
    }
    json.end_object();
  }
  json.end_array();
  return json.str();
}

std::string services_table(const std::vector<ServiceRow>& rows, bool details, bool colour) {
  const bool known = std::any_of(rows.begin(), rows.end(),
                                 [](const ServiceRow& row) { return row.info.has_value(); });
  std::string text = known ? long_table(rows, colour) : short_table(rows, colour);
  if (known && details) {
    text += '\n' + instances_table(rows, colour);
    const std::string events = events_table(rows, colour);
    text += events.empty() ? "" : '\n' + events;
  }
  return text;
}

}  // namespace miko::cli
