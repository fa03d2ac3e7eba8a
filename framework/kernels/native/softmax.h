// The rows of softmax, of its logarithm, and of their gradients: loops over dense matrices of
// so many columns, rows [begin, end). `scratch` holds a row.
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

template <class T>
struct SoftmaxOf {
  using C = Compute<T>;
  /// A row of -inf alone gives NaN, or zeros if `masked`.
  void (*softmax)(T* y, const T* x, bool masked, C* scratch, std::int64_t columns,
                  std::int64_t begin, std::int64_t end);
  void (*softmax_grad)(T* gx, const T* gy, const T* y, std::int64_t columns, std::int64_t begin,
                       std::int64_t end);
  void (*log_softmax)(T* y, const T* x, C* scratch, std::int64_t columns, std::int64_t begin,
                      std::int64_t end);
  void (*log_softmax_grad)(T* gx, const T* gy, const T* y, std::int64_t columns, std::int64_t begin,
                           std::int64_t end);
};
using SoftmaxLoops = PerFloating<SoftmaxOf>;

const SoftmaxLoops& softmax_loops(Level level = native::level());

}  // namespace gradus::kernels::native
