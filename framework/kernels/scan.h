// Running sums, products and extremes along a dim, and the first-order recurrence that their
// gradients are made of. All views are contiguous and of one shape, `out` of in's dtype unless told
// otherwise. f32 and bf16 accumulate in double, integers (in, out: i64) wrap around. Each line
// along `dim` is one chain of operations: the same bits for any number of threads.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// out[i] = in[0] + ... + in[i], or from the end backwards.
void cumsum(const View& out, const View& in, int dim, bool reverse);
void cumprod(const View& out, const View& in, int dim);
/// log(exp(in[0]) + ... + exp(in[i])), without overflow.
void logcumsumexp(const View& out, const View& in, int dim);
/// out[i] = a[i] * out[i - 1] + b[i], or a[i] * out[i + 1] + b[i]; 0 outside.
void linear_recurrence(const View& out, const View& a, const View& b, int dim, bool reverse);
/// The largest (or smallest) of in[0] to in[i] and its place (i64), the last one among ties; NaN
/// beats all.
void running_extremes(const View& values, const View& indices, const View& in, int dim,
                      bool largest);

}  // namespace gradus::kernels
