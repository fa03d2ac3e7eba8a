#include "optimizers/native/adam.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

GRADUS_LEVEL_BEGIN
namespace {

// `largest` exists with AMSGrad alone.
template <bool kAmsgrad, class T>
[[gnu::flatten]] void run(const AdamStep<T>& constants, T* __restrict w, const T* __restrict g,
                          T* __restrict m, T* __restrict v, T* __restrict largest,
                          std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  const AdamStep<T> s = constants;
  for (std::int64_t i = begin; i < end; ++i) {
    const C kept = C{w[i]} * s.keep;
    const C d = mul_add(s.penalty, kept, C{g[i]});
    m[i] = static_cast<T>(mul_add(s.beta1, C{m[i]}, s.fresh1 * d));
    v[i] = static_cast<T>(mul_add(s.beta2, C{v[i]}, s.fresh2 * d * d));
    C square = v[i];
    if constexpr (kAmsgrad) {
      largest[i] = largest[i] < v[i] ? v[i] : largest[i];
      square = largest[i];
    }
    w[i] = static_cast<T>(kept - s.step * m[i] / (std::sqrt(square) / s.root + s.eps));
  }
}

template <class T>
void adam(const AdamStep<T>& s, T* w, const T* g, T* m, T* v, T* largest, std::int64_t begin,
          std::int64_t end) {
  largest != nullptr ? run<true>(s, w, g, m, v, largest, begin, end)
                     : run<false>(s, w, g, m, v, largest, begin, end);
}

}  // namespace

extern const AdamLoops kAdam;
const AdamLoops kAdam = {{adam<float>}, {adam<double>}, {adam<BFloat16>}};
GRADUS_LEVEL_END

GRADUS_CHOOSE(AdamLoops, kAdam, adam_loops)
