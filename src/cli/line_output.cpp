#include "cli/line_output.h"

namespace miko::cli {

LineOutput::LineOutput()
    : output_({.kind = ErrorKind::output_failed,
               .message = "cannot write the answers",
               .executed = Executed::maybe}) {}

void LineOutput::append(std::string_view line) {
  text_ += line;
  text_ += '\n';
}

void LineOutput::flush() {
  while (at_ < text_.size()) {
    const std::size_t count = output_.write(std::string_view(text_).substr(at_));
    if (count == 0) {
      break;
    }
    at_ += count;
  }
  // The part that was written is given up in large steps, not for each line.
  if (at_ == text_.size() || at_ > text_.size() / 2) {
    text_.erase(0, at_);
    at_ = 0;
  }
}

}  // namespace miko::cli
