#include "framework/kernels/native/gelu.h"
#include "framework/kernels/vector_math.h"

#include <numbers>

GRADUS_LEVEL_BEGIN
namespace {

constexpr double kPeak = std::numbers::inv_sqrtpi / std::numbers::sqrt2;   // 1 / sqrt(2 pi)
constexpr double kSlope = std::numbers::inv_sqrtpi * std::numbers::sqrt2;  // sqrt(2 / pi)
constexpr double kCube = 0.044715;

template <class T>
[[gnu::flatten]] void exact(T* __restrict out, const T* __restrict in, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto x = static_cast<Compute<T>>(in[i]);
    out[i] = static_cast<T>(x * normal(x).below);
  }
}

template <class T>
[[gnu::flatten]] void exact_grad(T* __restrict gx, const T* __restrict g, const T* __restrict in,
                                 std::int64_t count) {
  using C = Compute<T>;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto x = static_cast<C>(in[i]);
    const Normal<C> n = normal(x);
    gx[i] = static_cast<T>(static_cast<C>(g[i]) * (n.below + x * n.bell * static_cast<C>(kPeak)));
  }
}

template <class T>
[[gnu::flatten]] void by_tanh(T* __restrict out, const T* __restrict in, std::int64_t count) {
  using C = Compute<T>;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto x = static_cast<C>(in[i]);
    const C inner = static_cast<C>(kSlope) * (x + static_cast<C>(kCube) * x * x * x);
    out[i] = static_cast<T>(x / 2 * (1 + kernels::tanh(inner)));
  }
}

template <class T>
[[gnu::flatten]] void by_tanh_grad(T* __restrict gx, const T* __restrict g, const T* __restrict in,
                                   std::int64_t count) {
  using C = Compute<T>;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto x = static_cast<C>(in[i]);
    const C cube = static_cast<C>(kCube) * x * x;
    const C t = kernels::tanh(static_cast<C>(kSlope) * x * (1 + cube));
    const C slope = static_cast<C>(kSlope) * (1 + 3 * cube);
    gx[i] =
        static_cast<T>(static_cast<C>(g[i]) * ((1 + t) / 2 + x / 2 * ((1 - t) * (1 + t)) * slope));
  }
}

template <class T>
constexpr GeluOf<T> loops() {
  return {exact<T>, by_tanh<T>, exact_grad<T>, by_tanh_grad<T>};
}

}  // namespace

extern const GeluLoops kGelu;
const GeluLoops kGelu = {loops<float>(), loops<double>(), loops<BFloat16>()};
GRADUS_LEVEL_END
GRADUS_CHOOSE(GeluLoops, kGelu, gelu_loops)
