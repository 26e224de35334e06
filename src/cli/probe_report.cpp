#include "cli/probe_report.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/text.h"
#include "cli/table.h"

namespace miko::cli {
namespace {

std::string_view status_word(MethodStatus status) {
  switch (status) {
    case MethodStatus::present:
      return "present";
    case MethodStatus::missing:
      return "missing";
    case MethodStatus::mixed:
      return "mixed";
    case MethodStatus::unanswered:
      return "unanswered";
  }
  return "unanswered";
}

Tone tone_of(MethodStatus status) {
  switch (status) {
    case MethodStatus::present:
      return Tone::good;
    case MethodStatus::missing:
      return Tone::bad;
    case MethodStatus::mixed:
    case MethodStatus::unanswered:
      return Tone::careful;
  }
  return Tone::plain;
}

}  // namespace

MethodStatus ProbedMethod::status() const {
  if (present > 0 && missing > 0) {
    return MethodStatus::mixed;
  }
  if (present + missing == 0) {
    return MethodStatus::unanswered;
  }
  return present > 0 ? MethodStatus::present : MethodStatus::missing;
}

std::string probe_json(const ProbeResult& result) {
  JsonWriter json;
  json.begin_object();
  json.key("service").text(result.service);
  json.key("instances").integer_or_null(result.instances);
  json.key("probes").integer(static_cast<long long>(result.probes));
  json.key("methods").begin_array();
  for (const ProbedMethod& method : result.methods) {
    json.begin_object();
    json.key("method").text(method.name);
    json.key("status").text(status_word(method.status()));
    json.key("present").integer(static_cast<long long>(method.present));
    json.key("missing").integer(static_cast<long long>(method.missing));
    json.key("unanswered").integer(static_cast<long long>(method.unanswered));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.str();
}

std::string probe_table(const ProbeResult& result, bool colour) {
  Table table({"METHOD", "STATUS", "PRESENT", "MISSING", "UNANSWERED"});
  for (const ProbedMethod& method : result.methods) {
    table.add({{method.name},
               {std::string(status_word(method.status())), tone_of(method.status())},
               {fmt::format("{}", method.present)},
               {fmt::format("{}", method.missing)},
               {fmt::format("{}", method.unanswered)}});
  }
  return table.text(colour);
}

std::string shown_name(const std::string& name) {
  return printable(shortened(name, 60));
}

}  // namespace miko::cli
