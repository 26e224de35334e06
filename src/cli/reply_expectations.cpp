#include "cli/reply_expectations.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/expectation_difference.h"

namespace miko::cli {
namespace {

/// Of more in one sentence only the number is told.
constexpr std::size_t told_max = 5;

/// What may become of one call, as opposed to the whole session.
constexpr ErrorKind kinds_of_calls[] = {ErrorKind::remote_error,  ErrorKind::unknown_service,
                                        ErrorKind::no_instance,   ErrorKind::unknown_method,
                                        ErrorKind::bad_arguments, ErrorKind::bad_reply,
                                        ErrorKind::timeout};
constexpr ErrorKind kinds_of_sessions[] = {ErrorKind::usage,         ErrorKind::expectation_failed,
                                           ErrorKind::partial,       ErrorKind::unreachable,
                                           ErrorKind::denied,        ErrorKind::connection_lost,
                                           ErrorKind::output_failed, ErrorKind::internal,
                                           ErrorKind::interrupted};

bool speaks_of_call(ErrorKind kind) {
  return std::find(std::begin(kinds_of_calls), std::end(kinds_of_calls), kind) !=
         std::end(kinds_of_calls);
}

bool is_error(std::string_view wanted, const Reply& reply) {
  const bool remote =
      reply.remote && (reply.remote->exc_type == wanted || reply.remote->exc_path == wanted);
  return remote || error_code(reply.failure->kind) == wanted;
}

std::string error_text(const Reply& reply) {
  return reply.remote
             ? fmt::format("{}: {}", reply.remote->exc_type, reply.remote->value)
             : fmt::format("{}: {}", error_code(reply.failure->kind), reply.failure->message);
}

}  // namespace

void check_expected_error(std::string_view error) {
  if (error.empty()) {
    throw usage_error("the expected error has no name",
                      "write the type of the exception, such as NotFound, or a word of error.code");
  }
  for (const ErrorKind kind : kinds_of_sessions) {
    if (error_code(kind) == error) {
      throw usage_error(
          fmt::format("'{}' speaks of the connection or of miko, not of a call", error),
          "remote_error, unknown_service, no_instance, unknown_method, bad_arguments, bad_reply "
          "and timeout can be expected, and types of exceptions");
    }
  }
}

void check_within(std::chrono::nanoseconds within, std::chrono::nanoseconds timeout) {
  if (within > timeout) {
    throw usage_error(fmt::format("a reply is waited for only {}, so it cannot be later than {}",
                                  time_text(timeout), time_text(within)),
                      "a longer timeout lets it be");
  }
}

std::vector<Unmet> find_unmet(const ReplyExpectations& expected, const Reply& reply,
                              const CallName& call) {
  std::vector<Unmet> unmet;
  if (!reply.ok() && (!expected.error || !speaks_of_call(reply.failure->kind))) {
    return unmet;
  }
  if (expected.error && reply.ok()) {
    return {{.pointer = "the error",
             .wanted = *expected.error,
             .got = fmt::format("a result: {}", value_text(reply.result))}};
  }
  if (expected.error && !is_error(*expected.error, reply)) {
    return {{.pointer = "the error", .wanted = *expected.error, .got = error_text(reply)}};
  }
  if (expected.within && reply.elapsed > *expected.within) {
    unmet.push_back({.pointer = "the time",
                     .wanted = fmt::format("at most {}", time_text(*expected.within)),
                     .got = time_text(reply.elapsed)});
  }
  const std::string value =
      reply.ok() || expected.values.empty()
          ? std::string()
          : error_json(*reply.failure, call, reply.remote ? &*reply.remote : nullptr);
  for (const Expectation& one : expected.values) {
    if (std::optional<Unmet> found = find_unmet(one, reply.ok() ? reply.result : value)) {
      unmet.push_back(std::move(*found));
    }
  }
  return unmet;
}

bool failed_as_expected(const ReplyExpectations& expected, const Reply& reply) {
  return !reply.ok() && expected.error && speaks_of_call(reply.failure->kind) &&
         is_error(*expected.error, reply);
}

Failure expectation_failure(const std::vector<Unmet>& unmet, const Reply& reply,
                            const CallName& call) {
  std::string message =
      fmt::format("{}.{} is not as expected", printable(call.service), printable(call.method));
  const char* separator = ": ";
  for (std::size_t i = 0; i < std::min(unmet.size(), told_max); ++i) {
    message += separator + unmet_text(unmet[i]);
    separator = "; ";
  }
  if (unmet.size() > told_max) {
    message += fmt::format("; and {} more", unmet.size() - told_max);
  }
  return {.kind = ErrorKind::expectation_failed,
          .message = std::move(message),
          .executed = reply.ok() ? Executed::yes : reply.failure->executed};
}

std::string time_text(std::chrono::nanoseconds span) {
  const double milliseconds = std::chrono::duration<double, std::milli>(span).count();
  const double value = milliseconds < 1000 ? milliseconds : milliseconds / 1000;
  return fmt::format("{:.3g} {}", value, milliseconds < 1000 ? "ms" : "s");
}

}  // namespace miko::cli
