#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace miko::cli {

/// What to write so that a terminal of this size shows `text` from its upper left corner and
/// nothing else: lines are cut, not wrapped, and what is the same is not seen to change. The first
/// time everything is cleared.
[[nodiscard]] std::string screen_text(std::string_view text, std::size_t columns, std::size_t rows,
                                      bool first);

struct ScreenSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Of the terminal behind stdout.
[[nodiscard]] ScreenSize screen_size();

}  // namespace miko::cli
