// Normalisation of columns (batch norm) and of rows (layer, group and RMS norm).
//
// Everything here is a dense matrix [rows, columns]: for batch norm of channels-last images the
// rows are all pixels and the columns the channels. Statistics are summed in chunks fixed by the
// sizes; those of columns in runs of 32 rows at the data's own precision, the runs in double.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// mean and biased variance of every column.
void column_moments(const View& mean, const View& variance, const View& x);

/// inv_std = 1 / sqrt(variance + eps).
void inverse_std(const View& inv_std, const View& variance, double eps);

/// running = running * (1 - newest) + value * factor * newest, contiguous.
void move_towards(const View& running, const View& value, double newest, double factor = 1);

/// How columns are normalised; each View has one value for a column. Here and above, what has one
/// value for a column may be of another floating type than the matrix.
struct ColumnNorm {
  View mean;
  View inv_std;
  View weight;
  View bias;
  bool relu = false;  // what is below 0 becomes 0, after all else
};

/// y = (x - mean) * inv_std * weight + bias, column by column; + residual (where its data is not
/// null); then relu.
void normalize_columns(const View& y, const View& x, const ColumnNorm& norm,
                       const View& residual = {});

/// y = x * weight + bias, column by column.
void scale_columns(const View& y, const View& x, const View& weight, const View& bias);

/// Where the gradients of batch norm go. residual may have no data.
struct BatchNormGradients {
  View x, weight, bias, residual;
};

/// The gradients of batch norm in training, where mean and inv_std depend on x: with gy masked
/// where relu gave 0, gweight = sum(gy * xhat), gbias = sum(gy), xhat = (x - mean) * inv_std. y is
/// what normalize_columns gave; it is read with relu and a residual only.
void batch_norm_grad(const BatchNormGradients& to, const View& gy, const View& x, const View& y,
                     const ColumnNorm& norm);

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
