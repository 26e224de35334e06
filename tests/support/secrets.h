#pragma once

#include <string>
#include <string_view>

namespace miko::test {

/// The password of the lab's user and of nobody else in the world.
inline constexpr std::string_view marker_password = "m4rker-Secret";

/// In which form `text` shows `secret`: "plain", "percent-encoded" or "base64" (also as a part of
/// something longer that was encoded); empty if it does not.
std::string form_shown(std::string_view secret, std::string_view text);

}  // namespace miko::test
