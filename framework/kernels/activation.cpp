#include "framework/kernels/activation.h"
#include "framework/kernels/elementwise.h"
#include "framework/kernels/vector_math.h"

namespace gradus::kernels {
namespace {

template <class T, class F>
GRADUS_FLATTEN void change(void* x, std::int64_t count, F f) {
  T* values = static_cast<T*>(x);
  for (std::int64_t i = 0; i < count; ++i) {
    values[i] = static_cast<T>(f(static_cast<Compute<T>>(values[i])));
  }
}

template <class T, class F>
GRADUS_FLATTEN void combine(void* out, const void* g, const void* y, std::int64_t count, F f) {
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
        return change<T>(x, count, [](auto v) { return v <= 0 ? decltype(v){} : v; });
      case Activation::Sigmoid:
        return change<T>(x, count, [](auto v) { return sigmoid(v); });
      case Activation::Tanh:
        return change<T>(x, count, [](auto v) { return kernels::tanh(v); });
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
        return combine<T>(out, g, y, count,
                          [](auto d, auto v) { return v <= 0 ? decltype(d){} : d; });
      case Activation::Sigmoid:
        return combine<T>(out, g, y, count, [](auto d, auto v) { return d * v * (1 - v); });
      case Activation::Tanh:
        return combine<T>(out, g, y, count, [](auto d, auto v) { return d * (1 - v * v); });
    }
  });
}

}  // namespace gradus::kernels
