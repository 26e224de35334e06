#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

#include "amqp/tls.h"
#include "base/clock.h"
#include "base/error.h"
#include "nameko/doctor.h"

namespace miko::nameko {

/// Hands out findings in the order of the checks, each with the time since the one before.
class Findings {
 public:
  explicit Findings(const std::function<void(Finding)>& found) : found_(found) {}

  void report(Finding finding);

  /// What failed before it could be reported.
  [[nodiscard]] std::string_view next_check() const;

  /// Begins with another broker.
  void start_over() { reported_ = 0; }

  /// Reports everything that was not reached, but for the service if there is none.
  void skip_the_rest(std::string_view service);

  /// The time since the last finding or lap.
  [[nodiscard]] Clock::duration lap();

 private:
  const std::function<void(Finding)>& found_;
  std::size_t reported_ = 0;  ///< checks
  Clock::time_point lap_started_ = Clock::now();
};

/// What is to be said of a TLS connection: whose certificate, whose word for it, until when. One
/// that was not checked, or that ends soon, is worth a warning.
[[nodiscard]] Finding tls_finding(std::string_view version,
                                  const std::optional<amqp::Certificate>& certificate);

/// A check that ended with an error.
[[nodiscard]] Finding failed(std::string_view check, const Error& error);

}  // namespace miko::nameko
