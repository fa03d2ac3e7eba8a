#include "framework/kernels/native/pointwise.h"

GRADUS_LEVEL_BEGIN
namespace {

template <class F>
[[gnu::flatten]] void unary(float* out, const float* x, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = F()(x[i]);
}

template <class F>
[[gnu::flatten]] void binary(float* out, const float* a, const float* b, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = F()(a[i], b[i]);
}

}  // namespace

extern const PointwiseLoops kPointwise;
const PointwiseLoops kPointwise = {.exp = unary<Exp>,
                                   .tanh = unary<Tanh>,
                                   .sigmoid = unary<Sigmoid>,
                                   .silu = unary<Silu>,
                                   .tanh_backward = binary<TanhBackward>,
                                   .sigmoid_backward = binary<SigmoidBackward>,
                                   .silu_backward = binary<SiluBackward>};
GRADUS_LEVEL_END

GRADUS_CHOOSE(PointwiseLoops, kPointwise, pointwise_loops)
