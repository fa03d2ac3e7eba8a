// Layer and RMS norm, whose rows have a weight for each column: serial loops over rows.
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

template <class T>
struct NormRows {
  using C = Compute<T>;
  const T* x;
  std::int64_t columns;
  const T* weight;
  C* mean;  // of each row
  C* inv_std;
};

template <class T>
struct RowNormOf {
  /// Fills mean (0 unless `centred`) and inv_std, and y; bias may be null.
  void (*forward)(const NormRows<T>&, T* y, const T* bias, double eps, bool centred,
                  std::int64_t begin, std::int64_t end);
  /// Fills gx, and adds to gweight and gbias [columns]. `block` holds 2 * columns elements.
  void (*backward)(const NormRows<T>&, T* gx, const T* gy, double* gweight, double* gbias,
                   Compute<T>* block, bool centred, std::int64_t begin, std::int64_t end);
};
using RowNormLoops = PerFloating<RowNormOf>;

const RowNormLoops& row_norm_loops(Level level = native::level());

}  // namespace gradus::kernels::native
