// Reading and adding at places given by a tensor of indices.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

/// out[i][j] = x[index[i][j]][j] for dim 0, and so on. index is int64, has as many dims as x, and
/// is no larger than x outside `dim`. Throws ValueError for an index outside [0, size of dim).
Tensor gather(const Tensor& x, int dim, const Tensor& index, Location at = Location::current());

/// Zeros of `sizes` with x added at the places that gather() with the same index would read.
Tensor gather_backward(const Tensor& x, const Shape& sizes, int dim, const Tensor& index,
                       Location at = Location::current());

}  // namespace gradus
