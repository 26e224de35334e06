#include "cli/threshold.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "cli/duration.h"

namespace miko::cli {
namespace {

constexpr std::string_view grammar =
    "write METRIC, one of > >= < <=, LIMIT: p99>200ms, mean>50ms, errors>1%, errors>0, rate<500/s";

Error malformed(std::string_view text, std::string_view why) {
  return usage_error(fmt::format("--fail-if '{}': {}", shown_word(text, 60), why),
                     std::string(grammar));
}

constexpr std::string_view digits = "0123456789.";

/// No sign, exponent, "inf" or "nan".
std::optional<double> plain_number(std::string_view text) {
  double number = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (text.find_first_not_of(digits) != std::string_view::npos || error != std::errc() ||
      stop != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

/// Missed calls are errors to a threshold, but not in the report's list of errors.
std::string missed_text(const LoadResult& result) {
  return result.missed == 0 ? "" : fmt::format(", {} missed calls included", result.missed);
}

std::string_view trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

Threshold::Threshold(std::string_view text) : text_(text) {
  const std::size_t at = text.find_first_of("<>");
  if (at == std::string_view::npos) {
    throw malformed(text, "no comparison");
  }
  constexpr std::array operators = {std::string_view(">="), std::string_view("<="),
                                    std::string_view(">"), std::string_view("<")};
  for (const std::string_view one : operators) {
    if (operator_.empty() && text.substr(at).starts_with(one)) {
      operator_ = one;
    }
  }
  read_metric(trimmed(text.substr(0, at)));
  read_limit(trimmed(text.substr(at + operator_.size())));
}

void Threshold::read_metric(std::string_view name) {
  if (name == "mean" || name == "avg") {
    metric_ = Metric::mean;
  } else if (name == "min") {
    metric_ = Metric::min;
  } else if (name == "max") {
    metric_ = Metric::max;
  } else if (name == "errors") {
    metric_ = Metric::errors;
  } else if (name == "rate") {
    metric_ = Metric::rate;
  } else {
    const std::optional<double> percent =
        name.starts_with('p') ? plain_number(name.substr(1)) : std::nullopt;
    if (!percent || *percent > 100) {
      throw malformed(text_, "unknown metric");
    }
    metric_ = Metric::percentile;
    percent_ = *percent;
  }
}

void Threshold::read_limit(std::string_view limit) {
  if (metric_ == Metric::errors || metric_ == Metric::rate) {
    const bool share = limit.ends_with('%') && metric_ == Metric::errors;
    const std::string_view unit = share ? "%" : metric_ == Metric::rate ? "/s" : "";
    if (limit.ends_with(unit)) {
      limit.remove_suffix(unit.size());
    }
    const std::optional<double> number = plain_number(limit);
    if (!number) {
      throw malformed(text_, metric_ == Metric::rate ? "the limit is no rate, as in 500/s"
                                                     : "the limit is no number and no percentage");
    }
    metric_ = share ? Metric::error_share : metric_;
    limit_ = *number;
    return;
  }
  if (limit.find_first_not_of(digits) == std::string_view::npos) {
    throw malformed(text_, "the limit has no unit");
  }
  try {
    limit_ = std::chrono::duration<double, std::micro>(parse_duration("the limit", limit)).count();
  } catch (const Error& error) {
    throw malformed(text_, error.what());
  }
}

double Threshold::value(const LoadResult& result) const {
  const auto us = [](Histogram::Microseconds span) { return static_cast<double>(span.count()); };
  switch (metric_) {
    case Metric::percentile:
      return us(result.latency.percentile(percent_));
    case Metric::mean:
      return result.latency.mean_us();
    case Metric::min:
      return us(result.latency.min());
    case Metric::max:
      return us(result.latency.max());
    case Metric::errors:
      return static_cast<double>(result.failed() + result.missed);
    case Metric::error_share: {
      const auto due = static_cast<double>(result.calls + result.missed);
      return due == 0 ? 0 : 100 * static_cast<double>(result.failed() + result.missed) / due;
    }
    case Metric::rate:
      return result.rate();
  }
  return 0;
}

bool Threshold::crossed(const LoadResult& result) const {
  // A run without a single latency cannot have kept a limit for it.
  const bool of_latency =
      metric_ != Metric::errors && metric_ != Metric::error_share && metric_ != Metric::rate;
  if (of_latency && result.latency.count() == 0) {
    return true;
  }
  const double measured = value(result);
  if (operator_ == ">") {
    return measured > limit_;
  }
  if (operator_ == ">=") {
    return measured >= limit_;
  }
  return operator_ == "<" ? measured < limit_ : measured <= limit_;
}

std::string Threshold::finding(const LoadResult& result) const {
  const double measured = value(result);
  switch (metric_) {
    case Metric::errors:
      return fmt::format("{:.0f} errors{}", measured, missed_text(result));
    case Metric::error_share:
      return fmt::format("errors are {:.2f} %{}", measured, missed_text(result));
    case Metric::rate:
      return fmt::format("rate is {:.{}f}/s", measured, measured < 10 ? 2 : 0);
    case Metric::percentile:
    case Metric::mean:
    case Metric::min:
    case Metric::max:
      break;
  }
  const std::string_view name =
      trimmed(std::string_view(text_).substr(0, text_.find_first_of("<>")));
  return result.latency.count() == 0 ? fmt::format("{} is unknown, nothing was answered", name)
                                     : fmt::format("{} is {:.2f} ms", name, measured / 1000);
}

}  // namespace miko::cli
