#include "framework/kernels/activation.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/native/pointwise.h"

namespace gradus::kernels {
namespace {

// Whether a formula names a loop of its own for floats (native/pointwise.h).
template <class T, class F>
inline constexpr bool kHasLoop = std::is_same_v<T, float>&& requires {
  F::kLoop;
};

template <class T, class F>
GRADUS_FLATTEN void change(void* x, std::int64_t count, F f) {
  if constexpr (kHasLoop<T, F>) {
    return (native::pointwise_loops().*F::kLoop)(static_cast<float*>(x),
                                                 static_cast<const float*>(x), count);
  }
  T* values = static_cast<T*>(x);
  for (std::int64_t i = 0; i < count; ++i) {
    values[i] = static_cast<T>(f(static_cast<Compute<T>>(values[i])));
  }
}

template <class T, class F>
GRADUS_FLATTEN void combine(void* out, const void* g, const void* y, std::int64_t count, F f) {
  if constexpr (kHasLoop<T, F>) {
    return (native::pointwise_loops().*F::kLoop)(static_cast<float*>(out),
                                                 static_cast<const float*>(g),
                                                 static_cast<const float*>(y), count);
  }
  T* to = static_cast<T*>(out);
  const T* gradient = static_cast<const T*>(g);
  const T* value = static_cast<const T*>(y);
  for (std::int64_t i = 0; i < count; ++i) {
    to[i] =
        static_cast<T>(f(static_cast<Compute<T>>(gradient[i]), static_cast<Compute<T>>(value[i])));
  }
}

}  // namespace

void activate(Activation activation, DType dtype, void* x, std::int64_t count) {
  dispatch_floating(dtype, [&]<class T>(T) {
    switch (activation) {
      case Activation::None:
        return;
      case Activation::ReLU:
        return change<T>(x, count, [](auto v) { return relu(v); });
      case Activation::Sigmoid:
        return change<T>(x, count, native::Sigmoid());
      case Activation::Tanh:
        return change<T>(x, count, native::Tanh());
    }
  });
}

void activation_grad(Activation activation, DType dtype, void* out, const void* g, const void* y,
                     std::int64_t count) {
  dispatch_floating(dtype, [&]<class T>(T) {
    switch (activation) {
      case Activation::None:
        return combine<T>(out, g, y, count, [](auto d, auto) { return d; });
      case Activation::ReLU:
        return combine<T>(out, g, y, count, [](auto d, auto v) { return relu_grad(d, v); });
      case Activation::Sigmoid:
        return combine<T>(out, g, y, count, native::SigmoidBackward());
      case Activation::Tanh:
        return combine<T>(out, g, y, count, native::TanhBackward());
    }
  });
}

}  // namespace gradus::kernels
