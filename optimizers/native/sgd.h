// The step of stochastic gradient descent over elements, compiled once per level.
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

/// The numbers of one parameter's step.
template <class T>
struct SgdStep {
  using C = Compute<T>;
  C lr;
  C decay;
  C momentum;
  C fresh;  // the newest gradient's weight in the momentum
  bool nesterov;
};

template <class T>
struct SgdLoopOf {
  /// Changes w and, unless null, the momentum b within [begin, end).
  void (*run)(const SgdStep<T>&, T* w, const T* g, T* b, std::int64_t begin, std::int64_t end);
};
using SgdLoops = PerFloating<SgdLoopOf>;

const SgdLoops& sgd_loops(Level level = native::level());

}  // namespace gradus::kernels::native
