#include "cli/smoke_record.h"

#include <fmt/format.h>
#include <unistd.h>

#include <optional>

#include "base/json_stream.h"
#include "base/text.h"
#include "cli/new_file.h"
#include "cli/suite_caller.h"
#include "cli/suite_reader.h"
#include "cli/suite_record.h"

namespace miko::cli {
namespace {

constexpr std::size_t recorded_max = 1000;
/// So that miko smoke reads it again.
constexpr std::size_t suite_size_max = 1000UL * 1000;

class Recorder {
 public:
  Recorder(const RecordOptions& options, Session& session)
      : options_(options),
        session_(session),
        settings_(session.settings()),
        loop_(session.interrupt_fd),
        input_(loop_, session.started + settings_.timeout) {}

  int run() {
    if (::access(options_.suite.c_str(), F_OK) == 0) {
      throw exists();
    }
    for (const std::string& name : options_.inputs) {
      read(name);
    }
    if (recorded_.calls().size() > recorded_max) {
      session_.output.warn(fmt::format("only the first {} of {} different calls are recorded",
                                       recorded_max, recorded_.calls().size()));
      recorded_.calls().resize(recorded_max);
    }
    make_calls();
    write();
    return 0;
  }

 private:
  [[nodiscard]] Error exists() const {
    return usage_error(fmt::format("'{}' is there already", printable(options_.suite)),
                       "name another file, or take it away first");
  }

  void read(const std::string& name) {
    JsonStream values;
    values.append(input_.read(name));
    values.finish();
    while (const std::optional<JsonStream::Value> value = values.next()) {
      try {
        recorded_.add(value->text, value->line);
      } catch (const Error& error) {
        throw usage_error(fmt::format("{}: {}", printable(name), error.what()),
                          error.failure().hint);
      }
    }
  }

  void make_calls() {
    SuiteCaller caller(settings_.connection);
    for (RecordedCall& call : recorded_.calls()) {
      if (options_.replay || !call.answered()) {
        caller.connect(Clock::now() + settings_.timeout, session_.interrupt_fd);
        const Reply reply = caller.call({.target = call.target, .arguments = call.arguments},
                                        settings_.timeout, session_.interrupt_fd);
        call.add(reply);
        if (!reply.ok() && !call.answered()) {
          session_.output.warn(fmt::format("not recorded: {}", reply.failure->message));
        }
      }
    }
    caller.close();
  }

  void write() {
    std::string text = "# Recorded by miko smoke --record.\ncases:\n";
    std::size_t cases = 0;
    std::size_t passed_over = recorded_.passed_over();
    for (const RecordedCall& call : recorded_.calls()) {
      const std::string one = call.answered() ? case_yaml(call) : "";
      if (one.empty() || text.size() + one.size() > suite_size_max || !is_readable(one)) {
        ++passed_over;
        continue;
      }
      text += '\n' + one;
      ++cases;
    }
    if (cases == 0) {
      throw usage_error("there is nothing to record",
                        fmt::format("{} calls have no case of their own", passed_over));
    }
    const NewFile file(options_.suite);
    file.write(text);
    if (!file.place()) {
      throw exists();
    }
    session_.output.warn(fmt::format(
        "{} cases in {}{}", cases, printable(options_.suite),
        passed_over == 0 ? "" : fmt::format("; {} calls were passed over", passed_over)));
  }

  /// YAML has no NaN of JSON's kind and no lone surrogates.
  bool is_readable(const std::string& one) {
    try {
      static_cast<void>(parse_suite("suite", "cases:\n" + one,
                                    {.environment = [](const std::string&) { return std::nullopt; },
                                     .timeout = settings_.timeout},
                                    input_));
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  const RecordOptions& options_;
  Session& session_;
  Settings settings_;
  Loop loop_;
  FileInput input_;
  Recorded recorded_ = {};
};

}  // namespace

int record_suite(const RecordOptions& options, Session& session) {
  return Recorder(options, session).run();
}

}  // namespace miko::cli
