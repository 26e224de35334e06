// miko wait [SERVICE...]
// Blocks until services have instances, or the broker answers.

#include <CLI/CLI.hpp>
#include <memory>

#include "base/json_writer.h"
#include "cli/awaiting.h"
#include "cli/command.h"
#include "cli/count.h"

namespace miko::cli {
namespace {

/// Services take longer to come up than to answer.
constexpr const char* timeout_default = "30s";
constexpr std::uint64_t instances_max = 100'000;

struct WaitOptions {
  std::vector<std::string> services = {};
  std::optional<std::string> count = std::nullopt;
};

std::string result_json(const Wanted& wanted, const Awaited& awaited, Clock::duration elapsed) {
  JsonWriter json;
  json.begin_object();
  json.key("broker").text(awaited.broker);
  json.key("services").begin_array();
  for (std::size_t i = 0; i < awaited.states.size(); ++i) {
    json.begin_object();
    json.key("service").text(wanted.services[i]);
    json.key("instances").integer(awaited.states[i].instances);
    json.key("ready").integer(awaited.states[i].ready);
    json.end_object();
  }
  json.end_array();
  json.key("waited_ms")
      .integer(std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
  json.end_object();
  return json.str();
}

int run(const WaitOptions& options, Session& session) {
  try {
    session.typed.timeout_default = timeout_default;
    const Settings settings = session.settings();
    Wanted wanted = {.services = options.services};
    if (options.count) {
      if (wanted.services.empty()) {
        throw usage_error("--count needs a service", "miko wait SERVICE --count 2");
      }
      wanted.instances =
          static_cast<std::uint32_t>(parse_count("--count", *options.count, 1, instances_max));
    }
    const Awaited awaited =
        await_services(settings.connection, wanted, session.started + settings.timeout);
    session.output.print_json(result_json(wanted, awaited, Clock::now() - session.started));
    return 0;
  } catch (const Error& error) {
    return session.output.print_failure(error.failure(), {}, nullptr);
  }
}

}  // namespace

void declare_wait(CLI::App& command, Session& session) {
  auto options = std::make_shared<WaitOptions>();
  command.add_option("services", options->services, "Services to wait for; none: the broker alone")
      ->option_text("[SERVICE...]");
  command.add_option("--count", options->count, "Instances that each must have [1]")
      ->option_text("N");
  command.footer(
      "Waits 30s unless --timeout, MIKO_TIMEOUT or the context says otherwise.\n\n"
      "Examples:\n"
      "  miko wait --timeout 2m\n"
      "  miko wait orders payments --timeout 1m\n"
      "  miko wait orders --count 3");
  command.callback(
      [options, &session] { session.run = [options](Session& s) { return run(*options, s); }; });
}

}  // namespace miko::cli
