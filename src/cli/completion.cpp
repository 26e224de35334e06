// miko completion SHELL
// Prints a completion script, as installed, for those who did not install miko. With --names it is
// what these scripts ask.

#include <CLI/CLI.hpp>
#include <memory>

#include "base/error.h"
#include "cli/command.h"
#include "cli/completions.h"
#include "cli/live_names.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

struct CompletionWords {
  std::vector<std::string> words = {};  ///< the shell, or with --names the words so far
  std::string names = {};
  std::string service = {};
};

int print_script(const std::vector<std::string>& words, const Output& output) {
  if (words.size() != 1) {
    throw usage_error("no shell is named, or several", "bash, zsh or fish");
  }
  std::vector<std::string> known;
  for (const CompletionScript& script : completion_scripts()) {
    if (words[0] == script.shell) {
      output.print_text(script.text);
      return 0;
    }
    known.emplace_back(script.shell);
  }
  const std::string meant = suggestion(words[0], known);
  throw usage_error("no completion for this shell", meant.empty() ? "bash, zsh or fish" : meant);
}

int print_names(const CompletionWords& asked, const Session& session) {
  const std::vector<std::string> names =
      asked.names == "services"  ? live_services(session, asked.words)
      : asked.names == "methods" ? seen_methods(session, asked.service)
                                 : seen_calls(session);
  std::string text;
  for (const std::string& name : names) {
    text += name + '\n';
  }
  session.output.print_text(text);
  return 0;
}

}  // namespace

void declare_completion(CLI::App& command, Session& session) {
  auto asked = std::make_shared<CompletionWords>();
  command.add_option("shell", asked->words, "bash, zsh or fish")->option_text("SHELL");
  constexpr auto hidden = "";
  CLI::Option* const names =
      command.add_option("--names", asked->names, "services, methods or calls")->group(hidden);
  command.add_option("--of", asked->service, "Service of the methods")->group(hidden)->needs(names);
  command.footer(
      "Examples:\n"
      "  source <(miko completion bash)\n"
      "  miko completion zsh > ~/.zfunc/_miko\n"
      "  miko completion fish > ~/.config/fish/completions/miko.fish");
  command.callback([asked, &session] {
    session.run = [asked](Session& s) {
      return asked->names.empty() ? print_script(asked->words, s.output) : print_names(*asked, s);
    };
  });
}

}  // namespace miko::cli
