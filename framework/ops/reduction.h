// Reductions. `dims` may be negative; an empty list reduces over all. With keepdim the reduced dims
// stay, with size 1. Sums of f32 and bf16 run in double.
#pragma once

#include "framework/tensor/tensor.h"

#include <utility>

namespace gradus {

/// Integers and bool sum to int64. The sum over nothing is 0.
Tensor sum(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
           Location at = Location::current());
/// Floating tensors only. The mean over nothing is NaN.
Tensor mean(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
            Location at = Location::current());
/// The largest value; NaN wins. Its gradient is shared evenly among ties.
Tensor amax(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
            Location at = Location::current());
/// amax over all elements.
Tensor max(const Tensor& x, Location at = Location::current());
/// The largest values along `dim` and their indices; the first of equal ones, which alone receives
/// the gradient.
std::pair<Tensor, Tensor> max(const Tensor& x, int dim, bool keepdim = false,
                              Location at = Location::current());
/// The index (int64) of the first largest value along `dim`, or among all elements. NaN is largest.
Tensor argmax(const Tensor& x, std::optional<int> dim = {}, bool keepdim = false,
              Location at = Location::current());

}  // namespace gradus
