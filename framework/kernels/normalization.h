// Row-wise and channel-wise normalisation: log-softmax over rows, batch norm over channels.
//
// Everything here is a dense matrix [rows, columns]: for batch norm of channels-last images the
// rows are all pixels and the columns the channels. Statistics are summed in double, in chunks
// fixed by the sizes.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// y = x - log(sum(exp(x))) along each row.
void log_softmax(const View& y, const View& x);

/// mean and biased variance of every column.
void column_moments(const View& mean, const View& variance, const View& x);

/// y = (x - mean) * inv_std * weight + bias, column by column.
void normalize_columns(const View& y, const View& x, const View& mean, const View& inv_std,
                       const View& weight, const View& bias);

/// The gradients of batch norm in training, where mean and inv_std depend on x:
/// gx, gweight = sum(gy * xhat), gbias = sum(gy), with xhat = (x - mean) * inv_std.
void batch_norm_grad(const View& gx, const View& gweight, const View& gbias, const View& gy,
                     const View& x, const View& mean, const View& inv_std, const View& weight);

}  // namespace gradus::kernels
