#include "nameko/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace miko {
namespace {

constexpr std::string_view checks_in_order[] = {"resolve",    "connect",  "tls",    "login",
                                                "vhost",      "exchange", "rights", "reply_queue",
                                                "round_trip", "service"};

/// A certificate that ends sooner is worth a warning.
constexpr int days_left_min = 30;

}  // namespace

std::string_view verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return "ok";
    case Verdict::warning:
      return "warning";
    case Verdict::failed:
      return "failed";
    case Verdict::skipped:
      return "skipped";
  }
  return "failed";
}

namespace nameko {

void Findings::report(Finding finding) {
  const auto* const place =
      std::find(std::begin(checks_in_order), std::end(checks_in_order), finding.check);
  reported_ = static_cast<std::size_t>(place - std::begin(checks_in_order)) + 1;
  const Clock::duration elapsed = lap();
  if (!finding.elapsed && finding.verdict != Verdict::skipped) {
    finding.elapsed = elapsed;
  }
  found_(std::move(finding));
}

std::string_view Findings::next_check() const {
  return checks_in_order[std::min(reported_, std::size(checks_in_order) - 1)];
}

void Findings::skip_the_rest(std::string_view service) {
  const std::size_t count = std::size(checks_in_order) - (service.empty() ? 1 : 0);
  while (reported_ < count) {
    report(
        {.check = next_check(), .verdict = Verdict::skipped, .detail = "an earlier check failed"});
  }
}

Clock::duration Findings::lap() {
  const Clock::time_point now = Clock::now();
  return now - std::exchange(lap_started_, now);
}

Finding tls_finding(std::string_view version, const std::optional<amqp::Certificate>& certificate) {
  Finding finding = {.check = "tls", .detail = std::string(version)};
  if (!certificate) {
    return finding;
  }
  finding.detail += fmt::format(", for {}, issued by {}, expires {} (in {} days), chain of {}",
                                certificate->names, certificate->issuer, certificate->expires,
                                certificate->days_left, certificate->chain_length);
  if (!certificate->verified) {
    finding.verdict = Verdict::warning;
    finding.detail += ", not verified";
    finding.remedy = "without --insecure the certificate is checked";
  } else if (certificate->days_left < days_left_min) {
    finding.verdict = Verdict::warning;
    finding.remedy = "renew the broker's certificate";
  }
  return finding;
}

Finding failed(std::string_view check, const Error& error) {
  return {.check = check,
          .verdict = Verdict::failed,
          .detail = error.what(),
          .remedy = error.failure().hint,
          .kind = error.kind()};
}

}  // namespace nameko
}  // namespace miko
