#include "cli/suite_judge.h"

#include <fmt/format.h>

#include <utility>

#include "base/json_query.h"
#include "base/text.h"
#include "cli/expectation_difference.h"

namespace miko::cli {
namespace {

constexpr std::size_t message_characters_max = 500;
/// A longer request is no use on a command line.
constexpr std::size_t request_size_max = 16UL * 1024;

std::string shown(const std::string& text, const Variables& variables) {
  return printable(shortened(variables.masked(text), message_characters_max));
}

}  // namespace

void judge_failure(CaseResult& result, const Failure& failure, const Variables& variables) {
  result.verdict = Verdict::error;
  result.error = error_code(failure.kind);
  result.message = shown(failure.message, variables);
  result.hint = shown(failure.hint, variables);
}

void judge_unmet(CaseResult& result, const std::vector<Unmet>& unmet, const Variables& variables) {
  result.verdict = Verdict::failed;
  for (const Unmet& one : unmet) {
    result.unmet.push_back({.pointer = shown_part(variables.masked(one.pointer)),
                            .wanted = shown_part(variables.masked(one.wanted)),
                            .got = shown_part(variables.masked(one.got))});
  }
}

std::vector<Unmet> capture_values(const Captures& captures, std::string_view value,
                                  Variables& variables) {
  std::vector<Unmet> missing;
  for (const auto& [name, pointer] : captures) {
    if (const std::optional<std::string_view> found = json_at(value, pointer)) {
      variables.set(name, std::string(*found));
    } else {
      missing.push_back({.pointer = pointer,
                         .wanted = fmt::format("a value to capture as '{}'", name),
                         .got = absence_text(value, pointer)});
    }
  }
  return missing;
}

void judge_reply(CaseResult& result, const SuiteCase& one, const FilledCase& filled,
                 const Reply& reply, Variables& variables) {
  const CallName call = {.service = filled.target.service, .method = filled.target.method};
  result.elapsed = reply.elapsed;
  result.correlation_id = reply.correlation_id;
  std::vector<Unmet> unmet = find_unmet(filled.expected, reply, call);
  if (unmet.empty() && !reply.ok() && !failed_as_expected(filled.expected, reply)) {
    judge_failure(result, *reply.failure, variables);
    // The message of the failure may have cut a secret in two.
    if (reply.remote) {
      result.message = shown(fmt::format("{}.{} raised {}: {}", call.service, call.method,
                                         reply.remote->exc_type, reply.remote->value),
                             variables);
    }
    return;
  }
  if (unmet.empty()) {
    unmet = capture_values(
        one.capture,
        reply.ok() ? reply.result
                   : error_json(*reply.failure, call, reply.remote ? &*reply.remote : nullptr),
        variables);
  }
  if (unmet.empty()) {
    result.verdict = Verdict::passed;
  } else {
    judge_unmet(result, unmet, variables);
  }
}

std::string shown_request(const FilledCase& filled, const Variables& variables) {
  FilledCase masked;
  masked.target = {.service = variables.masked(filled.target.service),
                   .method = variables.masked(filled.target.method)};
  masked.arguments = {.args = variables.masked(filled.arguments.args),
                      .kwargs = variables.masked(filled.arguments.kwargs),
                      .context = variables.masked(filled.arguments.context),
                      .headers = variables.masked(filled.arguments.headers)};
  if (filled.dispatch) {
    masked.dispatch = SuiteDispatch{.service = variables.masked(filled.dispatch->service),
                                    .event = variables.masked(filled.dispatch->event),
                                    .data = variables.masked(filled.dispatch->data)};
  }
  const std::string command = request_command(masked);
  return command.size() > request_size_max
             ? fmt::format("# a request of {} bytes, too long to paste", command.size())
             : printable(command);
}

}  // namespace miko::cli
