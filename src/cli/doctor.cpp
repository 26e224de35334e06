// miko doctor [SERVICE]
// Looks at every step on the way of a call, and says what to do about what is wrong.

#include "nameko/doctor.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <vector>

#include "base/json_writer.h"
#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/table.h"

namespace miko::cli {
namespace {

std::string milliseconds(const Finding& finding) {
  const std::chrono::duration<double, std::milli> elapsed =
      finding.elapsed.value_or(Clock::duration::zero());
  return fmt::format("{:.1f}", elapsed.count());
}

Tone tone_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::ok:
      return Tone::good;
    case Verdict::warning:
      return Tone::careful;
    case Verdict::failed:
      return Tone::bad;
    case Verdict::skipped:
      return Tone::faint;
  }
  return Tone::plain;
}

const Finding* first_failure(const std::vector<Finding>& findings) {
  const auto found = std::find_if(findings.begin(), findings.end(), [](const Finding& one) {
    return one.verdict == Verdict::failed;
  });
  return found != findings.end() ? &*found : nullptr;
}

void print_table(const std::vector<Finding>& findings, const Output& output) {
  Table table({"CHECK", "VERDICT", "TIME", ""});
  std::string remedies;
  for (const Finding& one : findings) {
    table.add({{.text = std::string(one.check)},
               {.text = std::string(verdict_word(one.verdict)), .tone = tone_of(one.verdict)},
               {.text = one.elapsed ? milliseconds(one) + " ms" : "", .tone = Tone::faint},
               {.text = one.detail,
                .tone = one.verdict == Verdict::skipped ? Tone::faint : Tone::plain}});
    if (!one.remedy.empty()) {
      remedies += fmt::format("\n{}: {}\n", one.check, one.remedy);
    }
  }
  output.print_text(table.text(output.stdout_colour()) + remedies);
}

void print_json(const std::vector<Finding>& findings, const Output& output) {
  JsonWriter json;
  json.begin_object();
  json.key("ok").boolean(first_failure(findings) == nullptr);
  json.key("checks").begin_array();
  for (const Finding& one : findings) {
    json.begin_object();
    json.key("check").text(one.check);
    json.key("verdict").text(verdict_word(one.verdict));
    json.key("ms");
    one.elapsed ? json.raw(milliseconds(one)) : json.null();
    json.key("detail").text(one.detail);
    json.key("code");
    one.kind ? json.text(error_code(*one.kind)) : json.null();
    json.key("remedy");
    one.remedy.empty() ? json.null() : json.text(one.remedy);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  output.print_json(json.str());
}

int run(const std::string& service, const Session& session) {
  const Settings settings = session.settings();
  std::vector<Finding> findings;
  examine(settings.connection, service, session.started + settings.timeout,
          [&findings](Finding finding) { findings.push_back(std::move(finding)); });
  if (session.output.format() == OutputFormat::pretty) {
    print_table(findings, session.output);
  } else {
    print_json(findings, session.output);
  }
  const Finding* const failed = first_failure(findings);
  return failed != nullptr ? exit_code(failed->kind.value_or(ErrorKind::internal)) : 0;
}

}  // namespace

void declare_doctor(CLI::App& command, Session& session) {
  auto service = std::make_shared<std::string>();
  command.add_option("service", *service, "a service to look at as well")->option_text("[SERVICE]");
  command.footer(
      "Examples:\n"
      "  miko doctor\n"
      "  miko doctor orders --context prod\n"
      "  miko doctor -o json | jq '.checks[] | select(.verdict == \"failed\")'");
  command.callback([service, &session] {
    session.run = [service](const Session& s) { return run(*service, s); };
  });
}

}  // namespace miko::cli
