// Softmax and its logarithm along the rows of dense matrices, with their gradients. Rows run at
// once; sums run in double.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// y = exp(x) / sum(exp(x)). A row of -inf alone gives NaN, or zeros if `masked`.
void softmax(const View& y, const View& x, bool masked);
/// gx = y * (gy - sum(gy * y)).
void softmax_grad(const View& gx, const View& gy, const View& y);

/// y = x - log(sum(exp(x))).
void log_softmax(const View& y, const View& x);
/// gx = gy - exp(y) * sum(gy).
void log_softmax_grad(const View& gx, const View& gy, const View& y);

}  // namespace gradus::kernels
