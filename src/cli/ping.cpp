// miko ping SERVICE
// Is an instance answering, and how fast. Runs no code of the service.

#include <fmt/format.h>
#include <poll.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/signals.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/count.h"
#include "cli/duration.h"
#include "cli/exit_code.h"
#include "cli/instances.h"
#include "cli/ping_report.h"
#include "miko.h"
#include "nameko/probe.h"

namespace miko::cli {
namespace {

struct PingOptions {
  std::string service = {};
  std::optional<std::string> count = std::nullopt;
  std::optional<std::string> interval = std::nullopt;
  std::optional<std::string> format = std::nullopt;
  std::optional<std::string> warn = std::nullopt;
  std::optional<std::string> crit = std::nullopt;
};

constexpr std::uint64_t count_default = 4;
constexpr std::uint64_t count_max = 1'000'000'000;
constexpr std::chrono::seconds interval_default{1};
constexpr std::chrono::milliseconds interval_least{10};

/// A ping without an answer for so long is worth a look at the queue, and again each second.
constexpr std::chrono::milliseconds first_look{200};
constexpr std::chrono::seconds next_look{1};
/// For the broker's answer about the queue.
constexpr std::chrono::seconds looking_max{1};

struct Plan {
  std::string service = {};
  std::uint64_t count = count_default;  ///< 0: until interrupted
  Clock::duration interval = interval_default;
  Clock::duration timeout = {};  ///< of each ping
};

class Pinging {
 public:
  Pinging(const Plan& plan, Client& rpc, int interrupt_fd,
          std::function<void(const PingAnswer&)> tell)
      : plan_(plan), rpc_(rpc), interrupt_fd_(interrupt_fd), tell_(std::move(tell)) {
    result.service = plan.service;
  }

  /// Throws Error when the session is lost; `result` has what was heard before.
  void run() {
    next_ = Clock::now();
    while (!stopped_ && (may_start() || rpc_.in_flight() > 0)) {
      if (Clock::now() >= next_ && may_start()) {
        start();
      }
      look_if_due();
      pollfd interrupt = {.fd = interrupt_fd_, .events = POLLIN, .revents = 0};
      rpc_.run_once(std::span(&interrupt, interrupt_fd_ < 0 ? 0 : 1), wake_time());
      stopped_ = interrupt.revents != 0 || SignalPipe::received() != 0;
      tell_finished();
    }
  }

  PingResult result = {};

  [[nodiscard]] bool stopped() const { return stopped_; }

  /// Why the last ping came back that no queue took.
  [[nodiscard]] const std::optional<Failure>& returned() const { return returned_; }

 private:
  [[nodiscard]] bool may_start() const { return plan_.count == 0 || started_ < plan_.count; }

  [[nodiscard]] Clock::time_point wake_time() const {
    return std::min(may_start() ? next_ : Clock::time_point::max(),
                    rpc_.in_flight() > 0 ? look_at_ : Clock::time_point::max());
  }

  void start() {
    const Clock::time_point now = Clock::now();
    const std::uint64_t seq = ++started_;
    if (rpc_.in_flight() == 0) {
      look_at_ = now + first_look;
    }
    next_ = std::max(next_ + plan_.interval, now);
    rpc_.start(plan_.service, ping_method, {.deadline = now + plan_.timeout},
               [this, seq](const Reply& reply) {
                 finished_.push_back({.seq = seq,
                                      .elapsed = reply.elapsed,
                                      .problem = is_alive(reply) ? "" : reply.failure->message});
                 if (!is_alive(reply) && reply.failure->kind == ErrorKind::unknown_service) {
                   returned_ = reply.failure;
                 }
                 unanswered_ =
                     unanswered_ || (!is_alive(reply) && reply.failure->kind == ErrorKind::timeout);
               });
  }

  void look_if_due() {
    const Clock::time_point now = Clock::now();
    if (rpc_.in_flight() > 0 && now >= look_at_) {
      look(now);
    }
  }

  void look(Clock::time_point now) {
    result.state = rpc_.inspect(plan_.service, now + looking_max);
    if (result.state.instances > 0) {
      result.ready_max = std::max(result.ready_max, result.state.ready);
    }
    look_at_ = now + next_look;
  }

  void tell_finished() {
    if (unanswered_ && !stopped_) {
      look(Clock::now());
    }
    for (PingAnswer& answer : finished_) {
      ++result.sent;
      if (answer.problem.empty()) {
        ++result.received;
        result.latency.record(answer.elapsed);
      } else if (unanswered_) {
        answer.problem = fmt::format("no reply: {}", explain_silence(result.state));
      }
      tell_(answer);
    }
    finished_.clear();
    unanswered_ = false;
  }

  const Plan& plan_;
  Client& rpc_;
  int interrupt_fd_;
  std::function<void(const PingAnswer&)> tell_;
  std::uint64_t started_ = 0;
  Clock::time_point next_ = {};
  Clock::time_point look_at_ = {};
  std::vector<PingAnswer> finished_ = {};
  std::optional<Failure> returned_ = std::nullopt;
  bool unanswered_ = false;  ///< one of `finished_` has timed out
  bool stopped_ = false;
};

PingFormat parse_format(const PingOptions& options, const Output& output) {
  if (!options.format) {
    return output.format() == OutputFormat::pretty ? PingFormat::text : PingFormat::json;
  }
  constexpr std::pair<std::string_view, PingFormat> formats[] = {
      {"text", PingFormat::text},
      {"json", PingFormat::json},
      {"nagios", PingFormat::nagios},
      {"prometheus", PingFormat::prometheus}};
  for (const auto& [name, format] : formats) {
    if (*options.format == name) {
      return format;
    }
  }
  throw usage_error(fmt::format("no format '{}' here", shown_word(*options.format, 40)),
                    "there are text, json, nagios, prometheus");
}

Plan make_plan(const PingOptions& options, const Settings& settings) {
  Plan plan = {.service = options.service, .timeout = settings.timeout};
  if (options.count) {
    plan.count = parse_count("--count", *options.count, 0, count_max);
  }
  if (options.interval) {
    plan.interval = parse_duration("--interval", *options.interval);
    if (plan.interval < interval_least) {
      throw usage_error("--interval is under 10ms", "miko bench puts load on a service");
    }
  }
  return plan;
}

PingLimits make_limits(const PingOptions& options) {
  PingLimits limits;
  if (options.warn) {
    limits.warn = parse_duration("--warn", *options.warn);
  }
  if (options.crit) {
    limits.crit = parse_duration("--crit", *options.crit);
  }
  return limits;
}

/// The exit status of what is no plugin, and on stderr what led to it.
int verdict(const Pinging& pinging, const PingLimits& limits, const Output& output) {
  const PingResult& result = pinging.result;
  const CallName name = {.service = result.service};
  if (result.received == 0) {
    if (pinging.stopped()) {
      return exit_code(ErrorKind::interrupted);
    }
    if (pinging.returned()) {
      return output.print_failure(*pinging.returned(), name, nullptr);
    }
    return output.print_failure(
        {.kind = ErrorKind::timeout,
         .message = fmt::format("no ping of {} was answered: {}", printable(result.service),
                                explain_silence(result.state))},
        name, nullptr);
  }
  const double p95 =
      std::chrono::duration<double, std::milli>(result.latency.percentile(95)).count();
  if (limits.crit && result.latency.percentile(95) > *limits.crit) {
    return output.print_failure({.kind = ErrorKind::expectation_failed,
                                 .message = fmt::format("p95 is {:.2f} ms, over --crit", p95)},
                                name, nullptr);
  }
  if (limits.warn && result.latency.percentile(95) > *limits.warn) {
    output.warn(fmt::format("p95 is {:.2f} ms, over --warn", p95));
  }
  return 0;
}

int run_pings(const PingOptions& options, PingFormat format, Session& session) {
  Settings settings = session.settings();
  const Plan plan = make_plan(options, settings);
  const PingLimits limits = make_limits(options);
  const bool silent = !options.format && session.output.format() == OutputFormat::none;
  settings.connection.confirms = false;
  Client rpc = connect(settings.connection);
  const ServiceState state = rpc.inspect(plan.service, session.started + settings.timeout);
  require_instance(state, plan.service);
  rpc.set_interrupt_fd(-1);

  Pinging pinging(plan, rpc, session.interrupt_fd, [&](const PingAnswer& answer) {
    const std::string line = ping_line(plan.service, answer, format);
    if (!line.empty() && !silent) {
      session.output.print_text(line + '\n');
    }
  });
  pinging.result.state = state;
  pinging.run();
  pinging.stopped() ? rpc.close(interrupted_goodbye) : rpc.close();

  const Output output = pinging.stopped() ? session.output.without_interrupt() : session.output;
  if (!silent) {
    const std::string gap = format == PingFormat::text ? "\n" : "";
    output.print_text(gap + ping_summary(pinging.result, limits, format) + '\n');
  }
  return format == PingFormat::nagios ? static_cast<int>(health(pinging.result, limits))
                                      : verdict(pinging, limits, output);
}

/// A plugin tells everything in one line on stdout: what is down is critical, what cannot be
/// found out is unknown.
int nagios_failure(const Failure& failure, const Output& output) {
  constexpr int critical = 2;
  constexpr int unknown = 3;
  const bool down =
      failure.kind == ErrorKind::unknown_service || failure.kind == ErrorKind::no_instance ||
      failure.kind == ErrorKind::unreachable || failure.kind == ErrorKind::connection_lost ||
      failure.kind == ErrorKind::timeout;
  std::string message = failure.message;
  std::replace(message.begin(), message.end(), '|', '_');
  output.print_text(fmt::format("MIKO {} - {}\n", down ? "CRITICAL" : "UNKNOWN", message));
  return down ? critical : unknown;
}

int run(const PingOptions& options, Session& session) {
  try {
    const PingFormat format = parse_format(options, session.output);
    try {
      return run_pings(options, format, session);
    } catch (const Error& error) {
      if (format == PingFormat::nagios && error.kind() != ErrorKind::interrupted) {
        return nagios_failure(error.failure(), session.output);
      }
      throw;
    }
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), {.service = options.service}, nullptr);
  }
}

}  // namespace

void declare_ping(CLI::App& command, Session& session) {
  auto options = std::make_shared<PingOptions>();
  command.add_option("service", options->service, "The service")
      ->option_text("SERVICE")
      ->required();
  const auto text = [&command](const char* option, std::optional<std::string>& value,
                               const char* what, const char* help) {
    command.add_option(option, value, help)->option_text(what);
  };
  text("-n,--count", options->count, "N", "How many pings; 0: until interrupted [4]");
  text("-i,--interval", options->interval, "DURATION", "Time from ping to ping [1s]");
  text("--format", options->format, "FORMAT",
       "text, json, nagios or prometheus [text on a terminal, else json]");
  text("--warn", options->warn, "DURATION", "Limit for the 95th percentile: a warning");
  text("--crit", options->crit, "DURATION", "Limit for the 95th percentile: a failure");
  command.footer(
      "--timeout holds for connecting and for each ping.\n\n"
      "Examples:\n"
      "  miko ping orders\n"
      "  miko ping orders -n 0 -i 250ms\n"
      "  miko ping orders -n 3 --format nagios --warn 100ms --crit 1s");
  command.callback(
      [options, &session] { session.run = [options](Session& s) { return run(*options, s); }; });
}

}  // namespace miko::cli
