// miko call SERVICE METHOD [ITEM...]
// Calls one RPC method and prints what it returns.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>

#include "cli/argument_options.h"
#include "cli/arguments.h"
#include "cli/awaiting.h"
#include "cli/backoff.h"
#include "cli/batch.h"
#include "cli/command.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/file_input.h"
#include "cli/name_cache.h"
#include "cli/reply_expectations.h"
#include "miko.h"

namespace miko::cli {
namespace {

struct CallOptions {
  std::vector<std::string> words = {};
  ArgumentWords arguments = {};
  bool no_expire = false;
  bool dry_run = false;
  bool wait = false;
  std::optional<std::string> retry = std::nullopt;
  std::vector<std::string> expect = {};
  std::optional<std::string> expect_error = std::nullopt;
  std::optional<std::string> within = std::nullopt;
  bool many = false;  ///< --batch
  BatchOptions batch = {};
};

void say_goodbye(Client& rpc, Clock::time_point deadline) {
  try {
    rpc.close(std::clamp<Clock::duration>(deadline - Clock::now(), short_goodbye,
                                          std::chrono::seconds(1)));
  } catch (const Error&) {
    // Ctrl-C during the goodbye: what was asked for is done and printed.
  }
}

ReplyExpectations expectations_of(const CallOptions& options, std::chrono::nanoseconds timeout) {
  ReplyExpectations expected = {.error = options.expect_error};
  for (const std::string& text : options.expect) {
    expected.values.push_back(parse_expectation(text));
  }
  if (expected.error) {
    check_expected_error(*expected.error);
  }
  if (options.within) {
    expected.within = parse_duration("--within", *options.within);
    check_within(*expected.within, timeout);
  }
  return expected;
}

/// What cannot be written is told on standard error, whatever the format.
int print(const Session& session, const Reply& reply, const CallName& name) {
  try {
    return session.output.print(reply, name);
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), name, nullptr);
  }
}

/// An error that was expected is what was asked for, so it is data.
int print_expected_error(const Session& session, const Reply& reply, const CallName& name) {
  try {
    if (session.output.format() == OutputFormat::envelope) {
      session.output.print_json(envelope_json(reply, name));
    } else {
      session.output.print_json(
          fmt::format(R"({{"error": {}}})",
                      error_json(*reply.failure, name, reply.remote ? &*reply.remote : nullptr)));
    }
    return 0;
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), name, nullptr);
  }
}

/// Prints what became of the call, and holds it to what was expected.
int print_checked(const Session& session, const ReplyExpectations& expected, const Reply& reply,
                  const CallName& name) {
  const std::vector<Unmet> unmet = find_unmet(expected, reply, name);
  if (!unmet.empty()) {
    Reply failed = reply;
    failed.failure = expectation_failure(unmet, reply, name);
    return print(session, failed, name);
  }
  return failed_as_expected(expected, reply) ? print_expected_error(session, reply, name)
                                             : print(session, reply, name);
}

constexpr std::uint64_t retries_max = 1000;

/// It certainly did not run, and may go better next time.
bool may_repeat(const Failure& failure) {
  const bool vain = failure.kind == ErrorKind::usage || failure.kind == ErrorKind::denied ||
                    failure.kind == ErrorKind::bad_arguments ||
                    failure.kind == ErrorKind::interrupted;
  return failure.executed == Executed::no && !vain;
}

/// One try. What ends the session is the failure of this call.
Reply attempt(std::optional<Client>& rpc, const Settings& settings, const Target& target,
              Arguments arguments) {
  try {
    rpc.emplace(connect(settings.connection));
    return rpc->call(target.service, target.method, std::move(arguments));
  } catch (const Error& error) {
    return {.failure = error.failure()};
  }
}

/// Calls, and up to `retries` times again while that is harmless and there is time. `rpc` is the
/// client of the last try, so that the goodbye can follow what is printed.
Reply call_and_retry(std::optional<Client>& rpc, const Settings& settings, const Target& target,
                     Arguments arguments, std::uint64_t retries, const Session& session) {
  const Clock::time_point deadline = *arguments.deadline;
  Backoff backoff;
  for (; retries > 0; --retries) {
    Reply reply = attempt(rpc, settings, target, arguments);
    if (reply.ok() || !may_repeat(*reply.failure)) {
      return reply;
    }
    const Clock::time_point again = backoff.next(deadline);
    if (again >= deadline) {
      return reply;
    }
    session.output.trace("retry", reply.failure->message);
    if (rpc) {
      say_goodbye(*rpc, deadline);
    }
    static_cast<void>(Loop(session.interrupt_fd).wait(std::span<pollfd>(), again));
  }
  return attempt(rpc, settings, target, std::move(arguments));
}

/// call --batch: one call for each value of standard input.
int run_many(CallOptions options, Session& session) {
  options.batch.target = take_target(options.words);
  if (!options.words.empty() || options.arguments.args || options.arguments.kwargs ||
      options.dry_run) {
    throw usage_error("with --batch the arguments come from standard input only",
                      "--header and --ctx hold for all calls");
  }
  options.batch.arguments = std::move(options.arguments);
  options.batch.no_expire = options.no_expire;
  return run_batch(options.batch, session);
}

int run(CallOptions options, Session& session) {
  if (options.many) {
    return run_many(std::move(options), session);
  }
  CallName name;
  try {
    const Target target = take_target(options.words);
    name = {.service = target.service, .method = target.method};
    options.arguments.items = std::move(options.words);

    const Settings settings = session.settings();
    const Clock::time_point deadline = session.started + settings.timeout;
    const ReplyExpectations expected = expectations_of(options, settings.timeout);
    const Loop loop(session.interrupt_fd);
    FileInput input(loop, deadline);
    Arguments arguments = parse_arguments(options.arguments, input);
    arguments.expires = !options.no_expire;
    arguments.deadline = deadline;
    if (options.dry_run) {
      session.output.print_json(
          preview_call(settings.connection, target.service, target.method, arguments));
      return 0;
    }

    const std::uint64_t retries =
        options.retry ? parse_count("--retry", *options.retry, 1, retries_max) : 0;
    if (options.wait) {
      static_cast<void>(
          await_services(settings.connection, {.services = {target.service}}, deadline));
    }
    std::optional<Client> rpc;
    const Reply reply =
        call_and_retry(rpc, settings, target, std::move(arguments), retries, session);
    const int status = print_checked(session, expected, reply, name);
    if (rpc) {
      say_goodbye(*rpc, deadline);
    }
    if (reply.ok() || reply.failure->kind == ErrorKind::remote_error) {
      NameCache(session.environment).add_method(name.service, name.method);
    }
    return status;
  } catch (const Error& error) {
    return print(session, {.failure = error.failure()}, name);
  }
}

void add_expectation_options(CLI::App& command, CallOptions& options, CLI::Option& many) {
  command
      .add_option("--expect", options.expect,
                  "End with 3 unless this is true of the result: POINTER OPERATOR VALUE, such as\n"
                  "'/total >= 10'; operators are == != < > <= >= ~ exists type length contains")
      ->option_text("EXPR")
      ->expected(1)
      ->take_all()
      ->excludes(&many);
  command
      .add_option("--expect-error", options.expect_error,
                  "End with 0 if the call fails like this, with 3 if not: the type of an "
                  "exception, or a word of error.code")
      ->option_text("TYPE")
      ->excludes(&many);
  command
      .add_option("--within", options.within,
                  "End with 3 if the reply takes longer, connecting included")
      ->option_text("DURATION")
      ->excludes(&many);
}

}  // namespace

void declare_call(CLI::App& command, Session& session) {
  auto options = std::make_shared<CallOptions>();
  add_argument_options(command, options->words, options->arguments);
  command.add_flag("--no-expire", options->no_expire,
                   "Let the request wait in the queue, and run, after the timeout");
  command.add_flag("--dry-run", options->dry_run, "Print the message and send nothing");
  CLI::Option* wait = command.add_flag(
      "--wait", options->wait, "First wait, within the timeout, for the broker and an instance");
  CLI::Option* retry = command
                           .add_option("--retry", options->retry,
                                       "Repeat, within the timeout, what certainly did not run")
                           ->option_text("N");
  CLI::Option* many =
      command.add_flag("--batch", options->many,
                       "Read arguments from standard input, JSON values, and call once for each; "
                       "answers as miko batch");
  many->excludes(wait)->excludes(retry);
  add_expectation_options(command, *options, *many);
  for (CLI::Option* option : add_batch_options(command, options->batch)) {
    option->needs(many);
  }
  command.footer(
      "Examples:\n"
      "  miko call greeting hello name=Ann\n"
      "  miko call orders.get --args '[\"A-1\"]'\n"
      "  miko call orders create customer=Ann items:='[{\"sku\": 7}]'\n"
      "  miko call orders create --args @order.json --timeout 30s -o envelope\n"
      "  miko call orders.get --args '[\"A-1\"]' --expect '/total >= 10' --within 500ms");
  command.callback([options, &session] {
    session.run = [options](Session& s) { return run(std::move(*options), s); };
  });
}

}  // namespace miko::cli
