#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/fd.h"

namespace miko::test {

/// What a program printed and how it ended.
struct Outcome {
  std::string out = "";
  std::string err = "";
  /// As a shell shows it: 128 + signal if a signal ended the program.
  int exit_code = 0;
  /// 0 unless a signal ended the program.
  int signal = 0;
  std::chrono::milliseconds duration = std::chrono::milliseconds(0);
  /// Most memory the program had resident, in KiB.
  long memory_peak_kib = 0;

  /// The value at `json_pointer` in the last line of stderr that is a JSON object, as text: strings
  /// without quotes, numbers digit for digit, the rest as compact JSON, "<missing>" if it is not
  /// there, "<no JSON on stderr>" if no line is an object.
  [[nodiscard]] std::string error(std::string_view json_pointer) const;
};

/// Data for stdin, then end of file.
struct Text {
  std::string text = "";
};
/// For stdin a pipe that stays open and empty until the test writes; for output what Outcome
/// reports.
struct Pipe {};
/// The descriptor does not exist in the program.
struct Closed {};
/// A file such as /dev/null or /dev/full; output truncates it.
struct File {
  std::string path = "/dev/null";
};
/// A pseudo terminal of its own, in raw mode; on stdin also the controlling terminal.
struct Terminal {};

using Input = std::variant<Text, Pipe, Closed, File, Terminal>;
using Output = std::variant<Pipe, Closed, File, Terminal>;

enum class Environment { inherited, empty };

struct Command {
  /// The program, searched in PATH if it has no slash, and its arguments.
  std::vector<std::string> argv = {};
  Environment base_environment = Environment::inherited;
  std::map<std::string, std::string> environment = {};
  Input input = Text{};
  Output output = Pipe{};
  Output errors = Pipe{};
  std::optional<std::string> working_directory = std::nullopt;
  /// The test fails if what the program prints shows one of these in any form.
  std::vector<std::string> secrets = {};
  /// A program that takes longer is killed and the test fails.
  std::chrono::milliseconds time_limit = std::chrono::seconds(30);
};

/// A running program. Its destructor kills it, with everything in its session's process group.
class Child {
 public:
  /// Throws std::runtime_error if the program cannot be started.
  explicit Child(Command command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void send_signal(int number) const;
  void write_input(std::string_view text);
  void close_input();
  /// Reads until stdout (or stderr) contains `text`, and returns everything it had so far. Throws
  /// if the program ends before, or exceeds its time limit.
  const std::string& read_stdout_until(std::string_view text);
  const std::string& read_stderr_until(std::string_view text);
  /// Waits for the end. Throws, after killing the program, if it exceeds its time limit.
  Outcome wait();

 private:
  void start();
  /// One round of poll(): moves data, notices the end. Throws when the time limit is over.
  void pump();
  void feed_input();
  void reap();
  void look_for_secrets() const;
  [[noreturn]] void fail(std::string_view what);
  const std::string& read_until(const std::string& stream, std::string_view text);

  Command command_;
  std::chrono::steady_clock::time_point started_ = {};
  pid_t pid_ = -1;
  UniqueFd process_;
  UniqueFd input_;
  UniqueFd output_;
  UniqueFd errors_;
  std::string unsent_;
  bool close_input_when_sent_ = false;
  bool ended_ = false;
  Outcome run_;
};

/// Runs a program to its end.
Outcome run(Command command);

}  // namespace miko::test
