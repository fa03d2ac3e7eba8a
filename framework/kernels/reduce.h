// Reductions of strided views over any set of dims.
//
// Sums run in double for f32 and bf16, over chunks fixed by the shape whose partial results meet in
// chunk order: the same bits for any number of threads.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// out = the sum of `in` over the dims where `reduced[d]`; out has those dims with size 1.
/// out.dtype is in.dtype, or i64 for integers and bool.
void sum(const View& out, const View& in, const Shape& reduced);

/// The same for the largest value; NaN wins. Every reduced dim has at least one element.
void amax(const View& out, const View& in, const Shape& reduced);

/// out (i64) = the index along `dim` of the first largest value; NaN counts as largest.
/// out has size 1 in `dim`; in.sizes[dim] >= 1.
void argmax(const View& out, const View& in, int dim);

}  // namespace gradus::kernels
