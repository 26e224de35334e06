#pragma once

#include <exception>

#include "base/loop.h"

namespace miko::nameko {

/// Does `goodbye` for a destructor: no interrupt ends its waiting, and without memory for it there
/// is none. `loop` is the one it waits in.
template <class Goodbye>
void say_farewell(Loop& loop, const Goodbye& goodbye) noexcept {
  try {
    loop = Loop();
    goodbye();
  } catch (const std::exception&) {
    // The line is dropped.
  }
}

}  // namespace miko::nameko
