// Checks that layers have in common. Included by their sources only.
#pragma once

#include "framework/kernels/error.h"

#include <string>

namespace gradus::nn {

inline void check_at_least_one(const char* layer, const char* what, std::int64_t value) {
  if (value >= 1) return;
  throw ValueError(std::string(layer) + ": " + what + " must be at least 1, got " +
                   std::to_string(value));
}

}  // namespace gradus::nn
