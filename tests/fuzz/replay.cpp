// Repeats what fuzzing found, without a fuzzer: every file of a corpus, and so many variations of
// each, the same ones in every run.
//
//   TARGET FILE...                repeats these inputs
//   TARGET --runs N DIRECTORY     a whole corpus and N variations of it
//
// An input that ends the process, or runs for half a minute, is left in the working directory,
// named in the last line.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "fuzz/fuzz.h"

namespace miko::fuzz {
namespace {

namespace fs = std::filesystem;

/// What runs now, for the handler of a crash.
std::string running;
std::string crash_file;

void keep_input() {
  const int fd = ::open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool kept = fd >= 0 && ::write(fd, running.data(), running.size()) ==
                                   static_cast<ssize_t>(running.size());
  std::fprintf(stderr, "%s: %s\n", kept ? "the input is in" : "the input cannot be kept in",
               crash_file.c_str());
}

void crashed(int signal) {
  keep_input();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(std::string input) {
  constexpr unsigned seconds_max = 30;
  ::alarm(seconds_max);
  running = std::move(input);
  // A copy of exactly this size: whoever reads behind it is seen by the sanitizer.
  const std::vector<std::uint8_t> bytes(running.begin(), running.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  require(stream.good(), "cannot read", file.string());
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> read_all(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  std::transform(files.begin(), files.end(), std::back_inserter(inputs), read);
  return inputs;
}

/// Variations of the inputs of a corpus. std::mt19937 is the same everywhere; the distributions of
/// the standard library are not.
class Variations {
 public:
  explicit Variations(const std::vector<std::string>& corpus) : corpus_(corpus) {}

  /// `count` of one input: an equal share each of truncations, flipped bits and splices.
  void run_all(const std::string& input, std::size_t count) {
    if (input.empty()) {
      return;
    }
    const std::size_t share = count / 3 + 1;
    const std::size_t step = std::max<std::size_t>(input.size() / share, 1);
    for (std::size_t size = 0; size < input.size(); size += step) {
      run(input.substr(0, size));
    }
    for (std::size_t i = 0; i < share; ++i) {
      std::string flipped = input;
      flipped[below(input.size())] ^= static_cast<char>(1U << below(8));
      run(std::move(flipped));
    }
    for (std::size_t i = 0; i < share; ++i) {
      run(splice(input, corpus_[below(corpus_.size())]));
    }
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }

  /// A piece of `other` in the place of a piece of `input`.
  std::string splice(const std::string& input, const std::string& other) {
    constexpr std::size_t piece_max = 256;
    const std::size_t at = below(input.size() + 1);
    const std::size_t from = below(other.size() + 1);
    std::string spliced = input;
    spliced.replace(at, below(piece_max), other, from, below(piece_max));
    return spliced;
  }

  const std::vector<std::string>& corpus_;
  std::mt19937 random_{};
};

int replay_corpus(std::size_t runs, const char* directory) {
  const std::vector<std::string> corpus = read_all(directory);
  require(!corpus.empty(), "an empty corpus", directory);
  for (const std::string& input : corpus) {
    run(input);
  }
  Variations variations(corpus);
  for (const std::string& input : corpus) {
    variations.run_all(input, runs / corpus.size());
  }
  std::printf("%zu inputs and some %zu variations\n", corpus.size(), runs);
  return 0;
}

}  // namespace
}  // namespace miko::fuzz

// The sanitizers end a process in their own way. Null without them.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

int main(int argc, char** argv) {
  using namespace miko::fuzz;
  crash_file = fs::path(argv[0]).filename().string() + ".crash";
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) {
    std::signal(signal, crashed);
  }
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(keep_input);
  }
  if (argc == 4 && std::strcmp(argv[1], "--runs") == 0) {
    return replay_corpus(std::strtoul(argv[2], nullptr, 10), argv[3]);
  }
  for (int i = 1; i < argc; ++i) {
    run(read(argv[i]));
    std::printf("%s: nothing found\n", argv[i]);
  }
  return argc > 1 ? 0 : 2;
}
