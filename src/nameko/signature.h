#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace miko {

/// The parameters of a method, for answering what does not fit them as Nameko does.
class Signature {
 public:
  /// Reads parameters as Python writes them, with defaults in JSON:
  /// `name, greeting="Hello", tags=[], *rest, **more`. Without the method's `self`, and without
  /// parameters that are positional or keyword only. Throws Error{usage}.
  [[nodiscard]] static Signature parse(std::string_view text);

  /// What Python says, under the name of the method, if it cannot be called with `args`, a checked
  /// JSON array, and `kwargs`, a checked JSON object; nothing if it can.
  /// Source: Python 3.11 inspect.getcallargs.
  [[nodiscard]] std::optional<std::string> fault(std::string_view method, std::string_view args,
                                                 std::string_view kwargs) const;

  /// The value of each parameter, as a JSON object {"name": any, ...}, for arguments that fit.
  [[nodiscard]] std::string bind(std::string_view args, std::string_view kwargs) const;

 private:
  struct Parameter {
    std::string name = {};
    std::optional<std::string> value = std::nullopt;  ///< the default, JSON
  };

  [[nodiscard]] bool takes(std::string_view name) const;
  [[nodiscard]] std::size_t required() const;
  [[nodiscard]] std::string too_many(std::string_view method, std::size_t given) const;

  std::vector<Parameter> parameters_ = {};
  std::string rest_ = {};  ///< the name behind '*'; empty without one
  std::string more_ = {};  ///< the name behind "**"; empty without one
};

}  // namespace miko
