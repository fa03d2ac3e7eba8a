// Sums, products, extremes and logic over dims. `dims` may be negative; an empty list reduces over
// all. With keepdim the reduced dims stay, with size 1. f32 and bf16 accumulate in double; sums,
// products and counts of integers and bool are int64 and wrap around.
#pragma once

#include "framework/tensor/tensor.h"

#include <utility>

namespace gradus {

/// The sum over nothing is 0.
Tensor sum(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
           Location at = Location::current());
/// The sum with NaN taken as 0; the gradient of a NaN is 0.
Tensor nansum(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
              Location at = Location::current());
/// Floating tensors only. The mean over nothing is NaN.
Tensor mean(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
            Location at = Location::current());
/// The product over nothing is 1. Its gradients hold for zeros among the factors, too.
Tensor prod(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
            Location at = Location::current());

/// The largest value; NaN wins. Its gradient is shared evenly among ties. Throws ShapeError where
/// there are no elements, as do all that follow but the last three.
Tensor amax(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
            Location at = Location::current());
/// The smallest value; NaN wins. Its gradient is shared evenly among ties.
Tensor amin(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
            Location at = Location::current());
/// amax and amin over all elements.
Tensor max(const Tensor& x, Location at = Location::current());
Tensor min(const Tensor& x, Location at = Location::current());
/// The largest (smallest) values along `dim` and their indices; of ties the first, which alone
/// receives the gradient. NaN wins.
std::pair<Tensor, Tensor> max(const Tensor& x, int dim, bool keepdim = false,
                              Location at = Location::current());
std::pair<Tensor, Tensor> min(const Tensor& x, int dim, bool keepdim = false,
                              Location at = Location::current());
/// The index (int64) of the first largest (smallest) value along `dim`, or among all elements. NaN
/// wins.
Tensor argmax(const Tensor& x, std::optional<int> dim = {}, bool keepdim = false,
              Location at = Location::current());
Tensor argmin(const Tensor& x, std::optional<int> dim = {}, bool keepdim = false,
              Location at = Location::current());

/// Whether all (any) elements are other than 0, as bool; NaN is. Over nothing true (false).
Tensor all(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
           Location at = Location::current());
Tensor any(const Tensor& x, const Shape& dims = {}, bool keepdim = false,
           Location at = Location::current());
/// How many elements are other than 0, as int64.
Tensor count_nonzero(const Tensor& x, const Shape& dims = {}, Location at = Location::current());

}  // namespace gradus
