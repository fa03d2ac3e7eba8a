// Dropout. Which elements are dropped depends on the generator's seed and draw alone. Integers are
// taken as float32.
#pragma once

#include "framework/tensor/generator.h"
#include "framework/tensor/tensor.h"

namespace gradus {

/// In training, sets each element to 0 with probability p in [0, 1] and scales the others by
/// 1 / (1 - p); else x itself.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true,
               Generator& generator = default_generator(), Location at = Location::current());

/// The same for whole channels at a time, of x [N, C, L] or [C, L].
Tensor dropout1d(const Tensor& x, double p = 0.5, bool training = true,
                 Generator& generator = default_generator(), Location at = Location::current());
/// For whole channels of x [N, C, H, W] or [C, H, W].
Tensor dropout2d(const Tensor& x, double p = 0.5, bool training = true,
                 Generator& generator = default_generator(), Location at = Location::current());

/// Dropout for SELU networks: dropped elements get SELU's lowest value, and all are then scaled and
/// shifted, so that mean and variance of a standard normal x stay. With p = 1 all are 0.
Tensor alpha_dropout(const Tensor& x, double p = 0.5, bool training = false,
                     Generator& generator = default_generator(), Location at = Location::current());

}  // namespace gradus
