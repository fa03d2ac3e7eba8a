// Reductions of strided views over any set of dims.
//
// Sums and products run in double for f32 and bf16 and in int64 for integers, over chunks fixed by
// the shape whose partial results meet in chunk order: the same bits for any number of threads.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

// Each writes to `out` the reduction of `in` over the dims where `reduced[d]` is 1; out has those
// dims with size 1. Over no elements they give what changes nothing: 0, 1, false or true.

/// out.dtype is in.dtype, or i64 for integers and bool. Integers wrap around.
void sum(const View& out, const View& in, const Shape& reduced);
/// The same with NaN taken as 0.
void nansum(const View& out, const View& in, const Shape& reduced);
void prod(const View& out, const View& in, const Shape& reduced);

/// The largest and smallest value, in in.dtype; NaN wins.
void amax(const View& out, const View& in, const Shape& reduced);
void amin(const View& out, const View& in, const Shape& reduced);

/// out is bool; NaN is true.
void all(const View& out, const View& in, const Shape& reduced);
void any(const View& out, const View& in, const Shape& reduced);
/// out is i64.
void count_nonzero(const View& out, const View& in, const Shape& reduced);

}  // namespace gradus::kernels
