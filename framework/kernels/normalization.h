// Normalisation of columns (batch norm) and of rows (layer, group and RMS norm).
//
// Everything here is a dense matrix [rows, columns]: for batch norm of channels-last images the
// rows are all pixels and the columns the channels. Statistics are summed in double, in chunks
// fixed by the sizes.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// mean and biased variance of every column.
void column_moments(const View& mean, const View& variance, const View& x);

/// y = (x - mean) * inv_std * weight + bias, column by column.
void normalize_columns(const View& y, const View& x, const View& mean, const View& inv_std,
                       const View& weight, const View& bias);

/// The gradients of batch norm in training, where mean and inv_std depend on x:
/// gx, gweight = sum(gy * xhat), gbias = sum(gy), with xhat = (x - mean) * inv_std.
void batch_norm_grad(const View& gx, const View& gweight, const View& gbias, const View& gy,
                     const View& x, const View& mean, const View& inv_std, const View& weight);

/// How rows are normalised, and which weight an element of a row meets: that of number
/// (row % groups) * (columns / span) + column / span.
struct RowNorm {
  std::int64_t groups = 1;
  std::int64_t span = 1;
  double eps = 0;
  bool centred = true;  // whether the mean is subtracted; if not, it counts as 0
};

/// y = (x - mean) * inv_std * weight + bias (bias.data may be null). mean and inv_std [rows], f64
/// for f64 and f32 for the others, receive the statistics of the rows.
void normalize_rows(const View& y, const View& mean, const View& inv_std, const View& x,
                    const View& weight, const View& bias, const RowNorm& norm);

/// Its gradients, with xhat = (x - mean) * inv_std: gx, gweight = sum(gy * xhat), gbias = sum(gy).
void normalize_rows_grad(const View& gx, const View& gweight, const View& gbias, const View& gy,
                         const View& x, const View& mean, const View& inv_std, const View& weight,
                         const RowNorm& norm);

}  // namespace gradus::kernels
