// The largest or smallest values along a dim, with their places.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// indices (i64) = where along `dim` the first largest (or smallest) value stands; NaN beats all.
/// values, of in's dtype, receives it unless its data is null. Both have size 1 in `dim`, and the
/// same strides; in.sizes[dim] >= 1.
void extremes(const View& values, const View& indices, const View& in, int dim, bool largest);

}  // namespace gradus::kernels
