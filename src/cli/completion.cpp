// miko completion SHELL
// Prints a completion script, as installed, for those who did not install miko.

#include <CLI/CLI.hpp>
#include <memory>

#include "base/error.h"
#include "cli/command.h"
#include "cli/completions.h"
#include "cli/suggest.h"

namespace miko::cli {
namespace {

int run(const std::string& shell, const Output& output) {
  std::vector<std::string> known;
  for (const CompletionScript& script : completion_scripts()) {
    if (shell == script.shell) {
      output.print_text(script.text);
      return 0;
    }
    known.emplace_back(script.shell);
  }
  const std::string meant = suggestion(shell, known);
  throw usage_error("no completion for this shell", meant.empty() ? "bash, zsh or fish" : meant);
}

}  // namespace

void declare_completion(CLI::App& command, Session& session) {
  auto shell = std::make_shared<std::string>();
  command.add_option("shell", *shell, "bash, zsh or fish")->required()->option_text("SHELL");
  command.footer(
      "Examples:\n"
      "  source <(miko completion bash)\n"
      "  miko completion zsh > ~/.zfunc/_miko\n"
      "  miko completion fish > ~/.config/fish/completions/miko.fish");
  command.callback(
      [shell, &session] { session.run = [shell](Session& s) { return run(*shell, s.output); }; });
}

}  // namespace miko::cli
