// Batch norm: serial loops over the rows [begin, end) of dense matrices [rows, columns]. Sums run
// in Compute<T> over 32 rows at most, these in double; sums[columns] are set, not added to.
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

struct RowRange {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t columns;
};

/// What makes (x - mean) * scale + bias of a column; one value of each for a column.
template <class C>
struct ColumnTerms {
  const C* mean;
  const C* scale;
  const C* bias;
};

/// How relu behind the norm masks the gradient: not at all (there is none), by the result computed
/// again from x, or by the result y itself, which a residual went into.
enum class ReluMask : std::uint8_t { None, Computed, Stored };

template <class T>
struct ColumnGradient {
  const T* g;
  const T* x;
  const T* y;  // read for ReluMask::Stored alone
  ColumnTerms<Compute<T>> terms;
  ReluMask mask;
};

/// The coefficients of gx = g * scale + (x - mean) * slope + shift, column by column.
template <class C>
struct GradientTerms {
  const C* scale;
  const C* slope;
  const C* shift;
};

template <class T>
struct ColumnNormOf {
  using C = Compute<T>;
  /// sums[c] = the sum of x - from[c].
  void (*sum_differences)(double* sums, const T* x, const T* from, const RowRange& rows);
  /// sums[c] = the sum of (x - centre[c])^2.
  void (*sum_squares)(double* sums, const T* x, const C* centre, const RowRange& rows);
  /// y = (x - mean) * scale + bias, + residual (unless null), then relu if asked for; rounded to T
  /// at each step, as the ops in turn would.
  void (*normalize)(T* y, const T* x, const T* residual, bool relu, const ColumnTerms<C>& terms,
                    const RowRange& rows);
  /// With the masked gradient m: sums[c] = sum(m), sums[columns + c] = sum(m * (x - mean)).
  void (*sum_gradients)(double* sums, const ColumnGradient<T>& of, const RowRange& rows);
  /// gx from m, and m itself into `residual` (unless null).
  void (*gradients)(T* gx, T* residual, const ColumnGradient<T>& of, const GradientTerms<C>& by,
                    const RowRange& rows);
};
using ColumnNormLoops = PerFloating<ColumnNormOf>;

const ColumnNormLoops& column_norm_loops(Level level = native::level());

}  // namespace gradus::kernels::native
