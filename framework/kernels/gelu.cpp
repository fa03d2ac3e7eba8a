#include "framework/kernels/gelu.h"
#include "framework/kernels/native/gelu.h"
#include "framework/kernels/parallel.h"

namespace gradus::kernels {

void gelu(const View& out, const View& x, bool by_tanh) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    const auto& loops = native::gelu_loops().of<T>();
    const auto loop = by_tanh ? loops.by_tanh : loops.exact;
    parallel_for(Split(x.sizes.numel(), kGrain), [&](std::int64_t begin, std::int64_t end) {
      loop(out.as<T>() + begin, x.as<T>() + begin, end - begin);
    });
  });
}

void gelu_grad(const View& gx, const View& g, const View& x, bool by_tanh) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    const auto& loops = native::gelu_loops().of<T>();
    const auto loop = by_tanh ? loops.by_tanh_grad : loops.exact_grad;
    parallel_for(Split(x.sizes.numel(), kGrain), [&](std::int64_t begin, std::int64_t end) {
      loop(gx.as<T>() + begin, g.as<T>() + begin, x.as<T>() + begin, end - begin);
    });
  });
}

}  // namespace gradus::kernels
