#include "optimizers/native/sgd.h"
#include "framework/kernels/vector_math.h"

GRADUS_LEVEL_BEGIN
namespace {

template <bool kNesterov, class T>
[[gnu::flatten]] void with_momentum(const SgdStep<T>& constants, T* __restrict w,
                                    const T* __restrict g, T* __restrict b, std::int64_t begin,
                                    std::int64_t end) {
  using C = Compute<T>;
  const SgdStep<T> s = constants;
  for (std::int64_t i = begin; i < end; ++i) {
    const C d = mul_add(s.decay, C{w[i]}, C{g[i]});
    b[i] = static_cast<T>(mul_add(s.momentum, C{b[i]}, s.fresh * d));
    w[i] = static_cast<T>(
        mul_add(-s.lr, kNesterov ? mul_add(s.momentum, C{b[i]}, d) : C{b[i]}, C{w[i]}));
  }
}

template <class T>
[[gnu::flatten]] void plain(const SgdStep<T>& constants, T* __restrict w, const T* __restrict g,
                            std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  const SgdStep<T> s = constants;
  for (std::int64_t i = begin; i < end; ++i) {
    w[i] = static_cast<T>(mul_add(-s.lr, mul_add(s.decay, C{w[i]}, C{g[i]}), C{w[i]}));
  }
}

template <class T>
void sgd(const SgdStep<T>& s, T* w, const T* g, T* b, std::int64_t begin, std::int64_t end) {
  if (b == nullptr) {
    plain(s, w, g, begin, end);
  } else if (s.nesterov) {
    with_momentum<true>(s, w, g, b, begin, end);
  } else {
    with_momentum<false>(s, w, g, b, begin, end);
  }
}

}  // namespace

extern const SgdLoops kSgd;
const SgdLoops kSgd = {{sgd<float>}, {sgd<double>}, {sgd<BFloat16>}};
GRADUS_LEVEL_END

GRADUS_CHOOSE(SgdLoops, kSgd, sgd_loops)
