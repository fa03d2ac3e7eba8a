// Adam's step over elements, compiled once per level.
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

/// The numbers of one parameter's step.
template <class T>
struct AdamStep {
  using C = Compute<T>;
  C beta1, beta2;
  C fresh1, fresh2;  // 1 - beta
  C eps;
  C step;     // lr / (1 - beta1^t)
  C root;     // sqrt(1 - beta2^t)
  C penalty;  // the L2 penalty
  C keep;     // what decoupled decay leaves of a weight
};

template <class T>
struct AdamLoopOf {
  /// Changes w, m, v and, unless null, `largest` within [begin, end).
  void (*run)(const AdamStep<T>&, T* w, const T* g, T* m, T* v, T* largest, std::int64_t begin,
              std::int64_t end);
};
using AdamLoops = PerFloating<AdamLoopOf>;

const AdamLoops& adam_loops(Level level = native::level());

}  // namespace gradus::kernels::native
