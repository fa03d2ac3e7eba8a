// Functions of elements whose arithmetic outweighs their memory traffic (a plain sum or relu gains
// nothing from wider vectors). Each is a formula, for any type and layout, that names its loop over
// dense floats:
//
//   unary(x, kernels::native::Tanh());    // ops/elementwise.h takes the loop where it fits
#pragma once

#include "framework/kernels/native/level.h"
#include "framework/kernels/vector_math.h"

namespace gradus::kernels::native {

struct PointwiseLoops {
  using Unary = void (*)(float* out, const float* x, std::int64_t count);
  using Binary = void (*)(float* out, const float* a, const float* b, std::int64_t count);
  Unary exp;
  Unary tanh;
  Unary sigmoid;
  Unary silu;
  Binary tanh_backward;
  Binary sigmoid_backward;
  Binary silu_backward;
};

const PointwiseLoops& pointwise_loops(Level level = native::level());

struct Exp {
  static constexpr auto kLoop = &PointwiseLoops::exp;
  template <class T>
  [[gnu::always_inline]] T operator()(T x) const {
    return kernels::exp(x);
  }
};

struct Tanh {
  static constexpr auto kLoop = &PointwiseLoops::tanh;
  template <class T>
  [[gnu::always_inline]] T operator()(T x) const {
    return kernels::tanh(x);
  }
};

struct Sigmoid {
  static constexpr auto kLoop = &PointwiseLoops::sigmoid;
  template <class T>
  [[gnu::always_inline]] T operator()(T x) const {
    return kernels::sigmoid(x);
  }
};

struct Silu {
  static constexpr auto kLoop = &PointwiseLoops::silu;
  template <class T>
  [[gnu::always_inline]] T operator()(T x) const {
    return x * kernels::sigmoid(x);
  }
};

/// Of the gradient and the result.
struct TanhBackward {
  static constexpr auto kLoop = &PointwiseLoops::tanh_backward;
  template <class T>
  [[gnu::always_inline]] T operator()(T g, T y) const {
    return g * mul_add(-y, y, T{1});
  }
};

struct SigmoidBackward {
  static constexpr auto kLoop = &PointwiseLoops::sigmoid_backward;
  template <class T>
  [[gnu::always_inline]] T operator()(T g, T y) const {
    return g * y * (1 - y);
  }
};

/// Of the gradient and the input.
struct SiluBackward {
  static constexpr auto kLoop = &PointwiseLoops::silu_backward;
  template <class T>
  [[gnu::always_inline]] T operator()(T g, T x) const {
    return g * (kernels::sigmoid(x) * mul_add(x, kernels::sigmoid(-x), T{1}));
  }
};

}  // namespace gradus::kernels::native
