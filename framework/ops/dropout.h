// Dropout.
#pragma once

#include "framework/tensor/generator.h"
#include "framework/tensor/tensor.h"

namespace gradus {

/// In training, sets each element to 0 with probability p in [0, 1) and scales the others by
/// 1 / (1 - p); else x itself. Which elements depends on the generator's seed and draw alone.
Tensor dropout(const Tensor& x, double p, bool training = true,
               Generator& generator = default_generator(), Location at = Location::current());

}  // namespace gradus
