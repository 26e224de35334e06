#include "cli/ping_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/text.h"

namespace miko::cli {
namespace {

double to_ms(Clock::duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

struct Figures {
  double min;
  double mean;
  double p95;
  double max;
};

Figures figures(const Histogram& latency) {
  return {to_ms(latency.min()), latency.mean_us() / 1000, to_ms(latency.percentile(95)),
          to_ms(latency.max())};
}

/// ", 2 instances"; nothing if that is unknown.
std::string instances_text(const ServiceState& state) {
  return state.hidden
             ? ""
             : fmt::format(", {} instance{}", state.instances, state.instances == 1 ? "" : "s");
}

std::string text_summary(const PingResult& result) {
  std::string text =
      fmt::format("--- {} ping statistics ---\n{} pings, {} replies, {:.3g} % loss{}",
                  printable(result.service), result.sent, result.received, result.loss_percent(),
                  instances_text(result.state));
  if (result.received > 0) {
    const Figures ms = figures(result.latency);
    text += fmt::format("\nmin/mean/p95/max = {:.2f}/{:.2f}/{:.2f}/{:.2f} ms", ms.min, ms.mean,
                        ms.p95, ms.max);
  }
  const std::string queueing = queueing_text(result);
  return queueing.empty() ? text : text + '\n' + queueing;
}

std::string json_summary(const PingResult& result) {
  const bool hidden = result.state.hidden;
  JsonWriter json;
  json.begin_object();
  json.key("service").text(result.service);
  json.key("sent").integer(static_cast<long long>(result.sent));
  json.key("received").integer(static_cast<long long>(result.received));
  json.key("loss_percent").raw(fmt::format("{:.4g}", result.loss_percent()));
  using Count = std::optional<long long>;
  json.key("instances").integer_or_null(hidden ? std::nullopt : Count(result.state.instances));
  json.key("ready_max").integer_or_null(hidden ? std::nullopt : Count(result.ready_max));
  json.key("ms");
  if (result.received > 0) {
    const Figures ms = figures(result.latency);
    json.begin_object();
    json.key("min").raw(fmt::format("{:.3f}", ms.min));
    json.key("mean").raw(fmt::format("{:.3f}", ms.mean));
    json.key("p95").raw(fmt::format("{:.3f}", ms.p95));
    json.key("max").raw(fmt::format("{:.3f}", ms.max));
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
  return json.str();
}

/// A limit in a plugin's performance data, in seconds; nothing if there is none.
std::string limit_text(const std::optional<std::chrono::nanoseconds>& limit) {
  return limit ? fmt::format("{:g}", std::chrono::duration<double>(*limit).count()) : "";
}

/// Source: the development guidelines of the Monitoring Plugins: text | label=value;warn;crit.
std::string nagios_line(const PingResult& result, const PingLimits& limits) {
  constexpr std::string_view words[] = {"OK", "WARNING", "CRITICAL"};
  const auto verdict = static_cast<std::size_t>(health(result, limits));
  // The bar would begin the performance data too early.
  std::string service = printable(result.service);
  std::replace(service.begin(), service.end(), '|', '_');
  std::string line = fmt::format("MIKO {} - {}: {} of {} pings answered{}", words[verdict], service,
                                 result.received, result.sent, instances_text(result.state));
  const std::string queueing = queueing_text(result);
  line += queueing.empty() ? "" : ", " + queueing;
  line += " |";
  if (result.received > 0) {
    const Figures ms = figures(result.latency);
    line += fmt::format(" p95={:.6f}s;{};{};0 mean={:.6f}s;;;0", ms.p95 / 1000,
                        limit_text(limits.warn), limit_text(limits.crit), ms.mean / 1000);
  }
  line += fmt::format(" loss={:.4g}%;;;0;100", result.loss_percent());
  return result.state.hidden ? line
                             : line + fmt::format(" instances={};;;0", result.state.instances);
}

/// Source: Prometheus' text exposition format: a label's backslash, quote and newline are escaped.
std::string prometheus_label(std::string_view text) {
  std::string label;
  for (const char c : printable(text)) {
    if (c == '\\' || c == '"') {
      label += '\\';
    }
    label += c;
  }
  return label;
}

std::string prometheus_text(const PingResult& result) {
  const std::string service = prometheus_label(result.service);
  std::string text;
  const auto gauge = [&text, &service](std::string_view name, std::string_view help,
                                       const std::string& value, std::string_view label = "") {
    if (!help.empty()) {
      text += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name, help, name);
    }
    text += fmt::format("{}{{service=\"{}\"{}}} {}\n", name, service, label, value);
  };
  gauge("miko_ping_up", "Whether an instance answered.", result.received > 0 ? "1" : "0");
  gauge("miko_ping_sent", "Pings sent.", fmt::format("{}", result.sent));
  gauge("miko_ping_received", "Pings answered.", fmt::format("{}", result.received));
  if (!result.state.hidden) {
    gauge("miko_ping_instances", "Instances that take requests.",
          fmt::format("{}", result.state.instances));
    gauge("miko_ping_ready_max", "Most requests seen waiting while an instance was running.",
          fmt::format("{}", result.ready_max));
  }
  if (result.received > 0) {
    const Figures ms = figures(result.latency);
    constexpr std::string_view name = "miko_ping_seconds";
    gauge(name, "Time from ping to reply.", fmt::format("{:.6f}", ms.min / 1000), ",stat=\"min\"");
    gauge(name, "", fmt::format("{:.6f}", ms.mean / 1000), ",stat=\"mean\"");
    gauge(name, "", fmt::format("{:.6f}", ms.p95 / 1000), ",stat=\"p95\"");
    gauge(name, "", fmt::format("{:.6f}", ms.max / 1000), ",stat=\"max\"");
  }
  text.pop_back();
  return text;
}

}  // namespace

double PingResult::loss_percent() const {
  return sent == 0 ? 0 : 100.0 * static_cast<double>(sent - received) / static_cast<double>(sent);
}

Health health(const PingResult& result, const PingLimits& limits) {
  const auto p95 = result.latency.percentile(95);
  if (result.received == 0 || (limits.crit && p95 > *limits.crit)) {
    return Health::critical;
  }
  const bool slow = limits.warn && p95 > *limits.warn;
  return result.received < result.sent || slow ? Health::warning : Health::ok;
}

std::string ping_line(std::string_view service, const PingAnswer& answer, PingFormat format) {
  if (format == PingFormat::json) {
    JsonWriter json;
    json.begin_object();
    json.key("seq").integer(static_cast<long long>(answer.seq));
    json.key("ok").boolean(answer.problem.empty());
    json.key("ms").raw(fmt::format("{:.3f}", to_ms(answer.elapsed)));
    if (answer.problem.empty()) {
      json.key("problem").null();
    } else {
      json.key("problem").text(answer.problem);
    }
    json.end_object();
    return json.str();
  }
  if (format != PingFormat::text) {
    return "";
  }
  return answer.problem.empty()
             ? fmt::format("{}: seq={} time={:.2f} ms", printable(service), answer.seq,
                           to_ms(answer.elapsed))
             : fmt::format("{}: seq={} {}", printable(service), answer.seq, answer.problem);
}

std::string ping_summary(const PingResult& result, const PingLimits& limits, PingFormat format) {
  switch (format) {
    case PingFormat::text:
      return text_summary(result);
    case PingFormat::json:
      return json_summary(result);
    case PingFormat::nagios:
      return nagios_line(result, limits);
    case PingFormat::prometheus:
      return prometheus_text(result);
  }
  return "";
}

std::string queueing_text(const PingResult& result) {
  return result.ready_max == 0
             ? ""
             : fmt::format(
                   "pings queue behind running calls: up to {} request{} waited for {} instance{}",
                   result.ready_max, result.ready_max == 1 ? "" : "s", result.state.instances,
                   result.state.instances == 1 ? "" : "s");
}

}  // namespace miko::cli
