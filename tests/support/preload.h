#pragma once

#include <map>
#include <string>

namespace miko::test {

// Environments in which a program's resolver or clock misbehaves. Only names are affected, not
// addresses; the monotonic clock runs on as ever.

/// No name is ever resolved. "getaddrinfo hangs: NAME" on stderr tells that it was asked to.
std::map<std::string, std::string> with_hanging_resolver();

/// Every name has these addresses, separated by commas, in this order.
std::map<std::string, std::string> with_resolver_that_says(const std::string& addresses);

/// The wall clock is ten years ahead and ten years behind by turns, each time somebody asks.
std::map<std::string, std::string> with_jumping_clock();

}  // namespace miko::test
