#pragma once

#include <string>
#include <vector>

#include "fuzz/fuzz.h"

namespace miko::fuzz {

/// What a server says at once.
struct Turn {
  unsigned pause_ms = 0;  ///< before it says it
  std::string bytes = {};
};

/// What a server says on one connection, each turn when the client waits for more.
struct Conversation {
  bool refused = false;  ///< there is no connection at all
  std::vector<Turn> turns = {};
};

/// Reads records until the input is used up. A record begins with a byte:
///
///     't'  the next turn begins
///     'p'  the same after a pause: milliseconds (16 bits)
///     'c'  the next connection begins; the first one does by itself
///     'x'  the same, and it is refused
///     'r'  raw bytes: length (16 bits), bytes
///
/// Any other byte is the type of a frame: channel (8 bits), length (16 bits), payload. It gets the
/// size and the end mark that belong to it, so that mutations of the payload reach its decoder.
[[nodiscard]] std::vector<Conversation> read_script(Input& input);

}  // namespace miko::fuzz
