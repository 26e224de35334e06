#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/json_writer.h"
#include "base/text.h"

namespace miko::cli {
namespace {

struct Figure {
  const char* name;
  double ms;
};

/// The latencies every form of the report shows.
std::vector<Figure> figures(const Histogram& latency) {
  const auto ms = [](Histogram::Microseconds span) {
    return static_cast<double>(span.count()) / 1000;
  };
  return {{"min", ms(latency.min())},
          {"mean", latency.mean_us() / 1000},
          {"stddev", latency.deviation_us() / 1000},
          {"p50", ms(latency.percentile(50))},
          {"p90", ms(latency.percentile(90))},
          {"p95", ms(latency.percentile(95))},
          {"p99", ms(latency.percentile(99))},
          {"p99.9", ms(latency.percentile(99.9))},
          {"max", ms(latency.max())}};
}

struct Bar {
  Histogram::Microseconds from;
  Histogram::Microseconds to;
  std::uint64_t count;
};

/// 1, 2 or 5 times a power of ten, the smallest that is at least `value`.
double round_up(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value * 0.999) {
      return factor * power;
    }
  }
  return 10 * power;
}

/// At most a dozen bars of one width up to the 99th percentile, and one for what is longer.
std::vector<Bar> bars(const Histogram& latency) {
  constexpr double bars_wanted = 10;
  std::vector<Bar> result;
  if (latency.count() == 0) {
    return result;
  }
  const auto low = static_cast<double>(latency.min().count());
  const auto high = static_cast<double>(latency.percentile(99).count());
  // Not narrower than the histogram can tell apart.
  const double width = round_up(std::max({(high - low) / bars_wanted, high / 1000, 1.0}));
  auto from = static_cast<std::int64_t>(std::floor((low - 1) / width) * width);
  while (from < static_cast<std::int64_t>(high)) {
    const auto to = from + static_cast<std::int64_t>(width);
    const Histogram::Microseconds left(from);
    const Histogram::Microseconds right(to);
    const Histogram::Microseconds counted_from = result.empty() ? Histogram::Microseconds(0) : left;
    result.push_back({left, right, latency.count_between(counted_from, right)});
    from = to;
  }
  if (latency.max() > result.back().to) {
    result.push_back(
        {result.back().to, latency.max(), latency.count_between(result.back().to, latency.max())});
  }
  return result;
}

double seconds_of(Clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

double to_ms(Histogram::Microseconds span) {
  return static_cast<double>(span.count()) / 1000;
}

/// Three digits, and no more than microseconds.
std::string ms_text(double ms) {
  return fmt::format("{:.{}f}", ms, ms < 1 ? 3 : ms < 10 ? 2 : ms < 100 ? 1 : 0);
}

/// Calls a second.
std::string rate_text(double rate) {
  return rate < 10 ? fmt::format("{:.2f}/s", rate)
                   : grouped(static_cast<std::uint64_t>(std::llround(rate))) + "/s";
}

/// A field of a CSV line, in quotes where RFC 4180 wants them.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) {
    return text;
  }
  std::string field = "\"";
  for (const char c : text) {
    field += c == '"' ? "\"\"" : std::string(1, c);
  }
  return field + '"';
}

std::string bar_text(double share, std::size_t width, bool unicode) {
  const auto eighths =
      static_cast<std::size_t>(std::lround(share * static_cast<double>(width) * 8));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) {
    text += unicode ? "█" : "#";
  }
  constexpr std::array<const char*, 8> parts = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  return text + (unicode ? parts[eighths % 8] : eighths % 8 >= 4 ? "#" : "");
}

/// Puts colour around text where it is wanted.
class Paint {
 public:
  explicit Paint(bool colour) : colour_(colour) {}

  [[nodiscard]] std::string bold(const std::string& text) const { return with("\x1b[1m", text); }
  [[nodiscard]] std::string faint(const std::string& text) const { return with("\x1b[2m", text); }
  [[nodiscard]] std::string bad(const std::string& text) const { return with("\x1b[31m", text); }
  [[nodiscard]] std::string good(const std::string& text) const { return with("\x1b[32m", text); }
  [[nodiscard]] std::string bar(const std::string& text) const { return with("\x1b[36m", text); }

 private:
  [[nodiscard]] std::string with(const char* code, const std::string& text) const {
    return colour_ ? code + text + "\x1b[0m" : text;
  }

  bool colour_;
};

std::string totals_text(const LoadPlan& plan, const LoadResult& result, const Paint& paint) {
  std::string mode = fmt::format("{} in flight", plan.in_flight);
  if (plan.rate) {
    mode = fmt::format("{:g}/s wanted, at most {}", *plan.rate, mode);
  }
  std::string text = fmt::format("\n  {}  {}\n\n",
                                 paint.bold(fmt::format("{}.{}", printable(plan.target.service),
                                                        printable(plan.target.method))),
                                 paint.faint(mode));
  text += fmt::format("  {:<9}{} in {:.2f} s\n", "calls", grouped(result.calls),
                      seconds_of(result.elapsed));
  text += fmt::format("  {:<9}{}\n", "rate", paint.bold(rate_text(result.rate())));
  const std::uint64_t failed = result.failed();
  const double share =
      result.calls == 0 ? 0 : 100 * static_cast<double>(failed) / static_cast<double>(result.calls);
  text +=
      fmt::format("  {:<9}{}\n", "failed",
                  failed == 0 ? paint.good("0")
                              : paint.bad(fmt::format("{} ({:.2f} %)", grouped(failed), share)));
  for (const auto& [kind, count] : result.errors) {
    text += fmt::format("  {:<9}{} {}\n", "", error_code(kind), grouped(count));
  }
  if (result.missed > 0) {
    text += fmt::format(
        "  {:<9}{}\n", "missed",
        paint.bad(fmt::format("{} were due and never started", grouped(result.missed))));
  }
  return text;
}

std::string histogram_text(const Histogram& latency, const Paint& paint, bool unicode) {
  constexpr std::size_t bar_width = 40;
  const std::vector<Bar> all = bars(latency);
  std::uint64_t most = 1;
  for (const Bar& bar : all) {
    most = std::max(most, bar.count);
  }
  // The bars but the last have one width, and their ends differ by it.
  const double width = to_ms(all.front().to - all.front().from);
  const int decimals = width < 0.01 ? 3 : width < 0.1 ? 2 : width < 1 ? 1 : 0;
  std::string text = "\n";
  for (const Bar& bar : all) {
    const double share = static_cast<double>(bar.count) / static_cast<double>(most);
    text += fmt::format("  {:>8.{}f} {}  {}\n", to_ms(bar.to), decimals,
                        paint.bar((unicode ? "│" : "|") + bar_text(share, bar_width, unicode)),
                        bar.count == 0 ? "" : paint.faint(grouped(bar.count)));
  }
  return text;
}

}  // namespace

std::string report_json(const LoadPlan& plan, const LoadResult& result,
                        const std::vector<Threshold>& thresholds) {
  JsonWriter json;
  const auto number = [](double value) { return fmt::format("{:.3f}", value); };
  json.begin_object();
  json.key("service").text(plan.target.service);
  json.key("method").text(plan.target.method);
  json.key("calls").integer(static_cast<long long>(result.calls));
  json.key("ok").integer(static_cast<long long>(result.calls - result.failed()));
  json.key("failed").integer(static_cast<long long>(result.failed()));
  json.key("errors").begin_object();
  for (const auto& [kind, count] : result.errors) {
    json.key(error_code(kind)).integer(static_cast<long long>(count));
  }
  json.end_object();
  json.key("missed").integer(static_cast<long long>(result.missed));
  json.key("seconds").raw(number(seconds_of(result.elapsed)));
  json.key("rate").raw(number(result.rate()));
  json.key("in_flight").integer(static_cast<long long>(plan.in_flight));
  plan.rate ? json.key("target_rate").raw(number(*plan.rate)) : json.key("target_rate").null();
  json.key("latency_ms").begin_object();
  for (const Figure& figure : figures(result.latency)) {
    result.latency.count() > 0 ? json.key(figure.name).raw(number(figure.ms))
                               : json.key(figure.name).null();
  }
  json.end_object();
  json.key("histogram").begin_array();
  for (const Bar& bar : bars(result.latency)) {
    json.begin_object();
    json.key("from_ms").raw(number(to_ms(bar.from)));
    json.key("to_ms").raw(number(to_ms(bar.to)));
    json.key("count").integer(static_cast<long long>(bar.count));
    json.end_object();
  }
  json.end_array();
  json.key("thresholds").begin_array();
  for (const Threshold& threshold : thresholds) {
    json.begin_object();
    json.key("fail_if").text(threshold.text());
    json.key("crossed").boolean(threshold.crossed(result));
    json.key("finding").text(threshold.finding(result));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.str();
}

std::string report_csv(const LoadPlan& plan, const LoadResult& result) {
  std::string names = "service,method,calls,ok,failed,missed,seconds,rate,in_flight,target_rate";
  std::string values =
      fmt::format("{},{},{},{},{},{},{:.3f},{:.3f},{},{}", csv_field(plan.target.service),
                  csv_field(plan.target.method), result.calls, result.calls - result.failed(),
                  result.failed(), result.missed, seconds_of(result.elapsed), result.rate(),
                  plan.in_flight, plan.rate ? fmt::format("{:.3f}", *plan.rate) : "");
  for (const Figure& figure : figures(result.latency)) {
    names += fmt::format(",{}_ms", figure.name);
    values += result.latency.count() > 0 ? fmt::format(",{:.3f}", figure.ms) : ",";
  }
  return names + '\n' + values;
}

std::string report_text(const LoadPlan& plan, const LoadResult& result,
                        const std::vector<Threshold>& thresholds, ReportLook look) {
  const Paint paint(look.colour);
  std::string text = totals_text(plan, result, paint);
  if (result.latency.count() > 0) {
    text += "\n  latency, ms\n";
    const std::vector<Figure> all = figures(result.latency);
    constexpr std::size_t columns = 3;
    for (std::size_t row = 0; row < columns; ++row) {
      text += "  ";
      for (std::size_t column = 0; column < columns; ++column) {
        const Figure& figure = all[column * columns + row];
        text += fmt::format("{}{:>9}{}", paint.faint(fmt::format("{:<7}", figure.name)),
                            ms_text(figure.ms), column + 1 < columns ? "    " : "");
      }
      text += '\n';
    }
    text += histogram_text(result.latency, paint, look.unicode);
  }
  for (const Threshold& threshold : thresholds) {
    const bool crossed = threshold.crossed(result);
    text +=
        fmt::format("\n  {} {}, fails if {}", crossed ? paint.bad("failed") : paint.good("passed"),
                    threshold.finding(result), threshold.text());
  }
  return text + (thresholds.empty() ? "" : "\n");
}

}  // namespace miko::cli
