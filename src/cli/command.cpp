#include "cli/command.h"

namespace miko::cli {
namespace {

constexpr OutputFormat one_result[] = {OutputFormat::json, OutputFormat::pretty, OutputFormat::raw,
                                       OutputFormat::envelope, OutputFormat::none};
constexpr OutputFormat lines[] = {OutputFormat::json, OutputFormat::pretty, OutputFormat::envelope,
                                  OutputFormat::none};
constexpr OutputFormat report[] = {OutputFormat::json, OutputFormat::pretty, OutputFormat::csv,
                                   OutputFormat::none};

constexpr OutputFormat plain[] = {OutputFormat::json, OutputFormat::pretty, OutputFormat::none};
constexpr OutputFormat verdicts[] = {OutputFormat::json, OutputFormat::pretty, OutputFormat::tap,
                                     OutputFormat::none};
constexpr OutputFormat names_or_table[] = {OutputFormat::json, OutputFormat::pretty,
                                           OutputFormat::raw, OutputFormat::none};

constexpr Command all_commands[] = {
    {"call", "Call an RPC method and print what it returns", one_result, declare_call},
    {"batch", "Make many calls over one connection: JSON values in, lines out", lines,
     declare_batch},
    {"dispatch", "Dispatch an event, or many", plain, declare_dispatch},
    {"listen", "Print events, or run a program for each", plain, declare_listen},
    {"serve",
     "Stand in for a service: fixed answers, exceptions, or a program per call",
     {},
     declare_serve},
    {"bench", "Put load on a method: rate, percentiles, thresholds", report, declare_bench},
    {"smoke", "Run suites of calls and say what is not as expected", verdicts, declare_smoke},
    {"services", "Show services, their instances and what waits for them", plain, declare_services},
    {"ping", "See whether a service answers, and how fast; runs none of its code", plain,
     declare_ping},
    {"probe", "Look for methods on every instance; runs none of the service's code", plain,
     declare_probe},
    {"wait", "Block until services have instances, or the broker answers", plain, declare_wait},
    {"tap", "Watch calls and their replies as they happen", plain, declare_tap},
    {"doctor", "Look at every step on the way of a call", plain, declare_doctor},
    {"context", "Keep named connections and choose among them", names_or_table, declare_context},
    {"completion", "Print a completion script", {}, declare_completion},
    {"help", "Explain a command, exit-codes, environment or output", {}, declare_help},
};

}  // namespace

std::span<const Command> commands() {
  return all_commands;
}

Settings Session::settings() const {
  Settings settings = resolve_settings(typed, environment, Loop(interrupt_fd), started);
  settings.connection.interrupt_fd = interrupt_fd;
  settings.connection.trace = [this](std::string_view step, std::string_view detail) {
    if (step == "plain") {
      output.warn(detail);
    } else {
      output.trace(step, detail);
    }
  };
  return settings;
}

}  // namespace miko::cli
