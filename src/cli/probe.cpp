// miko probe SERVICE METHOD...
// Do these methods exist, and on every instance. Runs no code of the service.

#include "nameko/probe.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <span>

#include "cli/command.h"
#include "cli/count.h"
#include "cli/instances.h"
#include "cli/probe_report.h"
#include "miko.h"

namespace miko::cli {
namespace {

struct ProbeOptions {
  std::vector<std::string> words = {};
  std::optional<std::string> probes = std::nullopt;
};

constexpr std::uint64_t probes_max = 1000;

/// The broker gives requests to the instances in turn, so twice their number reaches each of them
/// even when others call as well. As many as reach five of an unknown number.
std::uint64_t probes_for(const ServiceState& state) {
  if (state.hidden) {
    return 10;
  }
  return std::clamp<std::uint64_t>(2ULL * state.instances, 2, probes_max);
}

/// Throws Error when the session is lost.
ProbeResult probe(Client& rpc, const ProbeResult& plan, Clock::time_point deadline) {
  ProbeResult result = plan;
  for (ProbedMethod& method : result.methods) {
    for (std::uint64_t i = 0; i < result.probes; ++i) {
      rpc.start(result.service, method.name, {.deadline = deadline, .probe = true},
                [&method](const Reply& reply) {
                  switch (presence(reply)) {
                    case Presence::present:
                      ++method.present;
                      break;
                    case Presence::missing:
                      ++method.missing;
                      break;
                    case Presence::unknown:
                      ++method.unanswered;
                      break;
                  }
                });
    }
  }
  rpc.wait();
  return result;
}

/// The exit status, and on stderr what led to it.
int verdict(const ProbeResult& result, const Output& output) {
  const auto named = [&result](MethodStatus status) {
    std::string names;
    for (const ProbedMethod& method : result.methods) {
      if (method.status() == status) {
        names += (names.empty() ? "" : ", ") + shown_name(method.name);
      }
    }
    return names;
  };
  const auto fail = [&](ErrorKind kind, std::string message, std::string hint) {
    return output.print_failure(
        {.kind = kind, .message = std::move(message), .hint = std::move(hint)},
        {.service = result.service}, nullptr);
  };
  const std::string service = shown_name(result.service);
  if (const std::string names = named(MethodStatus::missing); !names.empty()) {
    return fail(ErrorKind::unknown_method, fmt::format("service '{}' has no {}", service, names),
                "method names are case sensitive; the method needs @rpc in the service");
  }
  if (const std::string names = named(MethodStatus::mixed); !names.empty()) {
    return fail(ErrorKind::partial,
                fmt::format("only some instances of '{}' have {}", service, names),
                "instances of different versions run");
  }
  if (const std::string names = named(MethodStatus::unanswered); !names.empty()) {
    return fail(ErrorKind::timeout,
                fmt::format("no answer from '{}' about {} in time", service, names),
                "miko ping says whether requests wait behind running calls");
  }
  return 0;
}

int run(const ProbeOptions& options, Session& session) {
  CallName name;
  try {
    if (options.words.size() < 2) {
      throw usage_error("a service and at least one method are needed",
                        "miko probe orders get create");
    }
    name.service = options.words.front();
    ProbeResult plan = {.service = name.service};
    for (const std::string& word : std::span(options.words).subspan(1)) {
      plan.methods.push_back({.name = word});
    }
    Settings settings = session.settings();
    settings.connection.confirms = false;
    const Clock::time_point deadline = session.started + settings.timeout;
    plan.probes = options.probes ? parse_count("--count", *options.probes, 1, probes_max) : 0;

    Client rpc = connect(settings.connection);
    const ServiceState state = rpc.inspect(name.service, deadline);
    require_instance(state, name.service);
    if (!state.hidden) {
      plan.instances = state.instances;
    }
    plan.probes = plan.probes > 0 ? plan.probes : probes_for(state);
    const ProbeResult result = probe(rpc, plan, deadline);
    rpc.close();

    if (session.output.format() == OutputFormat::pretty) {
      session.output.print_text(probe_table(result, session.output.stdout_colour()));
    } else {
      session.output.print_json(probe_json(result));
    }
    return verdict(result, session.output);
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), name, nullptr);
  }
}

}  // namespace

void declare_probe(CLI::App& command, Session& session) {
  auto options = std::make_shared<ProbeOptions>();
  command.add_option("words", options->words, "The service, and methods to look for")
      ->option_text("SERVICE METHOD...");
  command
      .add_option(
          "-n,--count", options->probes,
          "Probes for each method; instances answer in turn [twice the instances; 10 if unknown]")
      ->option_text("N");
  command.footer(
      "Examples:\n"
      "  miko probe orders get create\n"
      "  miko probe orders refund -n 20 -o json");
  command.callback(
      [options, &session] { session.run = [options](Session& s) { return run(*options, s); }; });
}

}  // namespace miko::cli
