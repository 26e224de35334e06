#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "cli/file_input.h"
#include "cli/programs.h"
#include "nameko/server.h"
#include "nameko/signature.h"

namespace miko::cli {

/// Returns what the method was given: its only positional argument, or {"args", "kwargs"}.
struct Echo {};

/// A result or an exception with places for parts of the request: "{{/args/0}}" and the like in
/// its strings.
struct Template {
  std::string result = {};
  std::optional<std::string> error = std::nullopt;  ///< instead: a JSON object as RemoteError's
};

/// What a request must be like. All texts are JSON; what is not set is not looked at. The whole
/// that pointers are about is {"args", "kwargs", "headers", "params"}.
struct Condition {
  std::optional<std::string> args = std::nullopt;                  ///< equal
  std::optional<std::string> kwargs = std::nullopt;                ///< equal
  std::optional<std::string> subset = std::nullopt;                ///< of the whole
  std::vector<std::pair<std::string, std::string>> pointers = {};  ///< equal to what is there
};

/// One way to answer.
struct Stub {
  std::variant<Response, Template, Echo, Program> action = Response();
  std::optional<Condition> when = std::nullopt;
  Clock::duration delay = {};
};

/// A method: the first stub whose condition holds answers.
struct StubbedMethod {
  std::optional<Signature> signature = std::nullopt;
  std::vector<Stub> stubs = {};
};

/// What is done for a request.
struct Choice {
  std::variant<Response, Program> action = Response();
  Clock::duration delay = {};
};

/// "TYPE:MESSAGE" as an exception. Throws Error{usage}.
[[nodiscard]] Response raised_by(std::string_view text);

/// The methods of a service that miko stands in for.
class Stubs {
 public:
  /// Each reads what was typed for an option, with METHOD as NAME or NAME(PARAMETERS):
  /// "METHOD=JSON" or "METHOD=@FILE", "METHOD=TYPE:MESSAGE" and "METHOD=PROGRAM". TYPE may have a
  /// module in front. Throws Error{usage}.
  void add_reply(std::string_view text, FileInput& input);
  void add_raise(std::string_view text);
  void add_program(std::string_view text);

  /// Throws Error{usage} if there is one of this name.
  void add_method(std::string_view name, StubbedMethod method);

  /// Methods without a stub of their own return what they are given.
  void echo_others() { echo_others_ = true; }

  /// Before every answer, besides the delay of a stub.
  void set_delay(Clock::duration delay) { delay_ = delay; }

  [[nodiscard]] bool empty() const { return methods_.empty() && !echo_others_; }
  [[nodiscard]] bool has_method(std::string_view method) const;

  /// For a request of a method that is there.
  [[nodiscard]] Choice choose(const Request& request) const;

 private:
  /// What an option says: "METHOD=REST" or "METHOD(PARAMETERS)=REST".
  struct Option {
    std::string_view method = {};
    std::optional<Signature> signature = std::nullopt;
    std::string_view rest = {};
  };

  static Option split_option(std::string_view name, std::string_view text);
  void add(const Option& option, decltype(Stub::action) action);

  std::map<std::string, StubbedMethod, std::less<>> methods_ = {};
  bool echo_others_ = false;
  Clock::duration delay_ = {};
};

}  // namespace miko::cli
