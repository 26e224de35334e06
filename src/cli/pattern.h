#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace miko::cli {

/// A regular expression in the syntax of RE2, which is Perl's without back references and looking
/// around. A search takes time in proportion to the text, whatever the expression.
class Pattern {
 public:
  /// Throws Error{usage} for what is no regular expression, or takes too much memory.
  explicit Pattern(std::string_view text);
  ~Pattern();
  Pattern(Pattern&& other) noexcept;
  Pattern& operator=(Pattern&& other) noexcept;

  /// Whether it matches any part of `text`, UTF-8.
  [[nodiscard]] bool found_in(std::string_view text) const;

  /// `text` as an expression that matches just that.
  [[nodiscard]] static std::string literal(std::string_view text);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace miko::cli
