#include "cli/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/error.h"
#include "base/text.h"

namespace miko::cli {

namespace {

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

}  // namespace

struct Pattern::State {
  explicit State(std::string_view text)
      : expression(re2::StringPiece(text.data(), text.size()), options()) {}

  re2::RE2 expression;
};

Pattern::Pattern(std::string_view text) : state_(std::make_unique<State>(text)) {
  if (!state_->expression.ok()) {
    throw usage_error(
        fmt::format("'{}' is not a regular expression: {}", printable(shortened(text, 80)),
                    printable(shortened(state_->expression.error(), 120))),
        "the syntax is RE2's: Perl's without back references and looking around");
  }
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

bool Pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), state_->expression);
}

std::string Pattern::literal(std::string_view text) {
  return re2::RE2::QuoteMeta(re2::StringPiece(text.data(), text.size()));
}

}  // namespace miko::cli
