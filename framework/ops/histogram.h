// Counts of values. No gradients.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

/// How often each of 0, 1, ... occurs in x (one dim, integers of at least 0), or the sum of its
/// `weights`. The result has max(x) + 1 entries, at least `minlength`; int64, or with weights
/// float64 (float32 where the weights are).
Tensor bincount(const Tensor& x, const Tensor& weights = {}, std::int64_t minlength = 0,
                Location at = Location::current());

/// How many elements lie in each of `bins` intervals of equal width from `min` to `max` (the last
/// one includes its end), in x's floating dtype. What lies outside is not counted, nor is NaN. With
/// min == max the range is that of x, and one wider on either side where all are equal.
Tensor histc(const Tensor& x, std::int64_t bins = 100, double min = 0, double max = 0,
             Location at = Location::current());

}  // namespace gradus
