// Keeps the house in order: who may include what, and what the manual and the completions forgot.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "support/miko_program.h"
#include "support/temporary.h"

namespace miko::test {
namespace {

namespace fs = std::filesystem;

struct Layer {
  std::vector<std::string> own;        ///< layers and headers below src/
  std::vector<std::string> libraries;  ///< beginnings of third-party headers
};

/// On Debian every third-party header is in the default include path, so CMake cannot stop anyone.
const std::map<std::string, Layer>& layers() {
  static const std::map<std::string, Layer> table = {
      {"base", {{"base/"}, {"fmt/", "rapidjson/", "curl/"}}},
      {"amqp", {{"amqp/", "base/"}, {"fmt/", "amqp", "rabbitmq-c/", "openssl/"}}},
      {"nameko", {{"nameko/", "amqp/", "base/"}, {"fmt/"}}},
      {"cli",
       {{"cli/", "base/", "miko.h", "nameko/client.h", "nameko/doctor.h", "nameko/event.h",
         "nameko/inspector.h", "nameko/listener.h", "nameko/management.h", "nameko/probe.h",
         "nameko/reply.h", "nameko/server.h", "nameko/service_state.h", "nameko/signature.h",
         "nameko/tap.h"},
        {"fmt/", "CLI/", "yaml-cpp/", "re2/"}}},
      {"miko.h", {{"base/error.h", "base/json.h", "nameko/"}, {}}},
      {"main.cpp", {{"cli/", "miko.h"}, {}}},
  };
  return table;
}

/// Third-party headers that only one file may include.
const std::map<std::string, std::set<std::string>>& sole_users() {
  static const std::map<std::string, std::set<std::string>> table = {
      {"rapidjson/", {"base/json_writer.cpp"}},
      {"amqp", {"amqp/rabbitmq_c.h"}},
      {"rabbitmq-c/", {"amqp/rabbitmq_c.h"}},
      {"openssl/", {"amqp/tls.h", "amqp/tls.cpp"}},
      {"yaml-cpp/", {"cli/context_file.cpp", "cli/nameko_config.cpp", "cli/yaml_reader.h"}},
      {"re2/", {"cli/pattern.cpp"}},
      {"curl/", {"base/curl.h"}},
  };
  return table;
}

std::vector<fs::path> sources() {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(MIKO_SOURCE_DIR "/src")) {
    if (entry.is_regular_file()) {
      found.push_back(fs::relative(entry.path(), MIKO_SOURCE_DIR "/src"));
    }
  }
  return found;
}

std::vector<std::string> includes_of(const fs::path& file, const std::regex& pattern) {
  const std::string text = read_file(MIKO_SOURCE_DIR "/src/" + file.string());
  std::vector<std::string> includes;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), pattern);
       match != std::sregex_iterator(); ++match) {
    includes.push_back((*match)[1]);
  }
  return includes;
}

bool begins_with_any(const std::string& text, const std::vector<std::string>& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&text](const std::string& one) { return text.starts_with(one); });
}

TEST(Layers, IncludeOnlyWhatIsBelowThem) {
  const std::regex own_header("#include \"([^\"]+)\"");
  for (const fs::path& file : sources()) {
    const std::string layer = file.begin()->string();
    ASSERT_TRUE(layers().contains(layer)) << file << " is in no layer";
    for (const std::string& include : includes_of(file, own_header)) {
      EXPECT_TRUE(begins_with_any(include, layers().at(layer).own))
          << file << " may not include " << include;
    }
  }
}

TEST(Layers, KeepEachLibraryInItsPlace) {
  const std::regex library_header("#include <([^>]+/[^>]+|amqp[^>]*)>");
  for (const fs::path& file : sources()) {
    for (const std::string& include : includes_of(file, library_header)) {
      if (include.starts_with("sys/") || include.starts_with("netinet/") ||
          include.starts_with("arpa/")) {
        continue;
      }
      EXPECT_TRUE(begins_with_any(include, layers().at(file.begin()->string()).libraries))
          << file << " may not include " << include;
      for (const auto& [library, users] : sole_users()) {
        if (include.starts_with(library)) {
          EXPECT_TRUE(users.contains(file.string())) << file << " may not include " << include;
        }
      }
    }
  }
}

TEST(Layers, FilesStayShort) {
  for (const fs::path& file : sources()) {
    const std::string text = read_file(MIKO_SOURCE_DIR "/src/" + file.string());

    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 420) << file;
  }
}

TEST(Layers, EverySourceHasAUnitTestOrIsNamedHere) {
  // Covered by program and fault tests, or by the test of their common header, instead.
  const std::set<std::string> covered_elsewhere = {"amqp/connection_loss.cpp",
                                                   "amqp/goodbye.cpp",
                                                   "amqp/inquiry.cpp",
                                                   "amqp/decoder.cpp",
                                                   "amqp/encoder.cpp",
                                                   "amqp/dial.cpp",
                                                   "amqp/tls.cpp",
                                                   "amqp/transport.cpp",
                                                   "base/json_print.cpp",
                                                   "base/signals.cpp",
                                                   "cli/app.cpp",
                                                   "cli/argument_options.cpp",
                                                   "cli/batch.cpp",
                                                   "cli/expectation_check.cpp",
                                                   "cli/expectation_difference.cpp",
                                                   "cli/value_line.cpp",
                                                   "cli/smoke.cpp",
                                                   "cli/smoke_record.cpp",
                                                   "cli/suite_caller.cpp",
                                                   "cli/suite_event.cpp",
                                                   "cli/suite_junit.cpp",
                                                   "cli/suite_run.cpp",
                                                   "cli/suite_tap.cpp",
                                                   "cli/suite_variables.cpp",
                                                   "cli/yaml_reader.cpp",
                                                   "cli/bench.cpp",
                                                   "cli/load.cpp",
                                                   "cli/call.cpp",
                                                   "cli/command.cpp",
                                                   "cli/completion.cpp",
                                                   "cli/global_options.cpp",
                                                   "cli/live_names.cpp",
                                                   "cli/context.cpp",
                                                   "cli/context_report.cpp",
                                                   "cli/doctor.cpp",
                                                   "cli/file_input.cpp",
                                                   "cli/dispatch.cpp",
                                                   "cli/dispatch_lines.cpp",
                                                   "cli/discovery.cpp",
                                                   "cli/help.cpp",
                                                   "cli/listen_options.cpp",
                                                   "cli/tap.cpp",
                                                   "base/curl.cpp",
                                                   "base/http.cpp",
                                                   "nameko/management.cpp",
                                                   "cli/instances.cpp",
                                                   "cli/ping.cpp",
                                                   "cli/probe.cpp",
                                                   "cli/services.cpp",
                                                   "cli/programs.cpp",
                                                   "cli/serve.cpp",
                                                   "cli/serve_options.cpp",
                                                   "cli/version.cpp",
                                                   "cli/wait.cpp",
                                                   "main.cpp",
                                                   "nameko/client.cpp",
                                                   "nameko/doctor.cpp",
                                                   "nameko/dispatcher.cpp",
                                                   "nameko/listener.cpp",
                                                   "nameko/inspector.cpp",
                                                   "nameko/server.cpp",
                                                   "nameko/session.cpp",
                                                   "nameko/tap.cpp",
                                                   "nameko/versions.cpp"};
  for (const fs::path& file : sources()) {
    if (file.extension() != ".cpp" || covered_elsewhere.contains(file.string())) {
      continue;
    }
    const std::string test =
        MIKO_SOURCE_DIR "/tests/" + (file.parent_path() / file.stem()).string() + "_test.cpp";

    EXPECT_TRUE(fs::exists(test)) << test;
  }
}

/// Long options and commands in the help of the whole program.
std::set<std::string> words_of_help(const std::regex& pattern) {
  const std::string help = miko({"--help-all"}).out;
  std::set<std::string> words;
  for (auto match = std::sregex_iterator(help.begin(), help.end(), pattern);
       match != std::sregex_iterator(); ++match) {
    words.insert((*match)[1]);
  }
  return words;
}

/// A page as its reader sees it: troff writes a hyphen as "\-".
std::string page(const std::string& name) {
  return std::regex_replace(read_file(MIKO_SOURCE_DIR "/" + name), std::regex("\\\\-"), "-");
}

/// miko(1) and the pages of single commands.
std::string manual() {
  std::string text;
  for (const fs::directory_entry& entry : fs::directory_iterator(MIKO_SOURCE_DIR "/man")) {
    text += page("man/" + entry.path().filename().string());
  }
  return text;
}

TEST(Documents, NameEveryOption) {
  const std::set<std::string> options = words_of_help(std::regex("--([a-z][a-z-]+)"));
  ASSERT_GT(options.size(), 20U);

  for (const std::string& option : options) {
    EXPECT_NE(manual().find("--" + option), std::string::npos) << option;
    EXPECT_NE(page("completions/miko.bash").find("--" + option), std::string::npos) << option;
    EXPECT_NE(page("completions/_miko").find("--" + option), std::string::npos) << option;
    const std::regex fish("(--long-option|-l) '?" + option + "\\b");
    EXPECT_TRUE(std::regex_search(page("completions/miko.fish"), fish)) << option;
  }
}

TEST(Documents, NameEveryCommandAndTopic) {
  for (const std::string word :
       {"call", "batch", "bench", "services", "ping", "probe", "wait", "doctor", "context",
        "completion", "help", "exit-codes", "environment", "output"}) {
    EXPECT_EQ(miko({"help", word}).exit_code, 0) << word;
    for (const char* document :
         {"man/miko.1", "completions/miko.bash", "completions/_miko", "completions/miko.fish"}) {
      EXPECT_TRUE(std::regex_search(page(document), std::regex("\\b" + word + "\\b")))
          << word << " in " << document;
    }
  }
}

TEST(Documents, NameEveryCommandOfTheHelp) {
  const std::string help = miko({"--help"}).out;
  const std::string commands = help.substr(help.find("Subcommands:"));
  const std::regex name("\n  ([a-z]+) ");
  for (auto match = std::sregex_iterator(commands.begin(), commands.end(), name);
       match != std::sregex_iterator(); ++match) {
    for (const char* document :
         {"man/miko.1", "completions/miko.bash", "completions/_miko", "completions/miko.fish"}) {
      EXPECT_NE(page(document).find((*match)[1]), std::string::npos) << document;
    }
  }
}

TEST(Documents, TheReadmeShowsTheExampleAsItIs) {
  EXPECT_NE(read_file(MIKO_SOURCE_DIR "/README.md")
                .find("```cpp\n" + read_file(MIKO_SOURCE_DIR "/examples/call.cpp") + "```\n"),
            std::string::npos);
}

}  // namespace
}  // namespace miko::test
