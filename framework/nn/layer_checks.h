// Checks that layers have in common. Included by their sources only.
#pragma once

#include "framework/kernels/error.h"
#include "framework/kernels/shape.h"

#include <string>

namespace gradus::nn {

inline void check_at_least_one(const char* layer, const char* what, std::int64_t value) {
  if (value >= 1) return;
  throw ValueError(std::string(layer) + ": " + what + " must be at least 1, got " +
                   std::to_string(value));
}

inline void check_probability(const char* layer, double p) {
  if (p >= 0 && p <= 1) return;
  throw ValueError(std::string(layer) + ": p must be in [0, 1], got " + std::to_string(p));
}

inline void check_normalized_shape(const char* layer, const Shape& sizes) {
  if (sizes.empty()) throw ValueError(std::string(layer) + ": normalized_shape is empty");
  for (const std::int64_t size : sizes) {
    check_at_least_one(layer, "a size of normalized_shape", size);
  }
}

}  // namespace gradus::nn
