// gelu, exact and by tanh, forward and backward: serial loops over dense memory.
#pragma once

#include "framework/kernels/native/level.h"

namespace gradus::kernels::native {

template <class T>
struct GeluOf {
  using Forward = void (*)(T* out, const T* x, std::int64_t count);
  /// gx = g times the derivative at x.
  using Backward = void (*)(T* gx, const T* g, const T* x, std::int64_t count);
  Forward exact;
  Forward by_tanh;
  Backward exact_grad;
  Backward by_tanh_grad;
};
using GeluLoops = PerFloating<GeluOf>;

const GeluLoops& gelu_loops(Level level = native::level());

}  // namespace gradus::kernels::native
