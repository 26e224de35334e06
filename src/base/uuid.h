#pragma once

#include <string>

namespace miko {

/// A random version 4 UUID, e.g. "8596fc13-0d73-48f2-a6e2-a43242ce565f".
std::string random_uuid();

}  // namespace miko
