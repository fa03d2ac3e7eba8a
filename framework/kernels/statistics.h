// Reductions of floating views in two passes, or with powers: variance, norms, logsumexp. They run
// in double, over chunks fixed by the shape. `reduced` and the shape of `out` are as in reduce.h;
// out has the dtype of `in`.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// The sum of (x - mean)^2 over max(count - correction, 0); its root where `root`.
void variance(const View& out, const View& in, const Shape& reduced, double correction, bool root);

/// The sum of |x|^p to the power of 1/p; for p = 0 the count of non-zeros, for p = inf and -inf the
/// largest and smallest |x|, where NaN wins.
void norm(const View& out, const View& in, const Shape& reduced, double p);

/// log(sum(exp(x))), without overflow; -inf over no elements.
void logsumexp(const View& out, const View& in, const Shape& reduced);

}  // namespace gradus::kernels
