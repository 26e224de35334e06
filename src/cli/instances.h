#pragma once

#include <string>

#include "nameko/service_state.h"

namespace miko::cli {

/// What nobody has to wait for a timeout to learn. Throws Error{unknown_service, no_instance}.
void require_instance(const ServiceState& state, const std::string& service);

}  // namespace miko::cli
