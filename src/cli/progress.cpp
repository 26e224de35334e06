#include "cli/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>

#include "cli/output.h"

namespace miko::cli {
namespace {

constexpr std::chrono::seconds quiet_time{1};
constexpr std::chrono::milliseconds refresh{100};
/// The rate shown is that of the last two seconds.
constexpr std::size_t samples_max = 20;

std::size_t terminal_width() {
  winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string span_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::llround(seconds));
  if (whole < 60) {
    return fmt::format("{} s", whole);
  }
  if (whole < 3600) {
    return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  }
  return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
}

}  // namespace

std::string grouped(std::uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t i = text.size(); i > 3;) {
    i -= 3;
    text.insert(i, 1, ',');
  }
  return text;
}

std::string progress_line(const ProgressState& state, double rate, Clock::duration elapsed,
                          std::size_t width) {
  std::string line = fmt::format("{} done  {}/s  {} in flight", grouped(state.done),
                                 grouped(static_cast<std::uint64_t>(rate)), state.in_flight);
  if (state.failed > 0) {
    line += fmt::format("  {} failed", grouped(state.failed));
  }
  if (state.fraction && *state.fraction > 0) {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    line += fmt::format("  {:.0f} %  {} left", *state.fraction * 100,
                        span_text(seconds * (1 - *state.fraction) / *state.fraction));
  }
  line.resize(std::min(line.size(), width));
  return line;
}

Clock::time_point Progress::next_update() const {
  if (!shown_) {
    return Clock::time_point::max();
  }
  return visible_ ? last_ + refresh : started_ + quiet_time;
}

void Progress::update(const ProgressState& state, Clock::time_point now) {
  if (now < next_update()) {
    return;
  }
  if (samples_.empty()) {
    samples_.emplace_back(started_, 0);
  }
  samples_.emplace_back(now, state.done);
  if (samples_.size() > samples_max) {
    samples_.pop_front();
  }
  const auto [since, done_before] = samples_.front();
  const double seconds = std::chrono::duration<double>(now - since).count();
  const double rate = static_cast<double>(state.done - done_before) / std::max(seconds, 1e-3);
  const std::string line = progress_line(state, rate, now - started_, terminal_width() - 1);
  Output::print_error_text(fmt::format("\r{}\x1b[K", line));
  visible_ = true;
  last_ = now;
}

void Progress::clear() {
  if (visible_) {
    Output::print_error_text("\r\x1b[K");
    visible_ = false;
  }
}

}  // namespace miko::cli
