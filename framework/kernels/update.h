// The loop of optimizers: one pass over a parameter, its gradient and its state, in place.
#pragma once

#include "framework/kernels/parallel.h"

namespace gradus::kernels {

/// f(a[i], b[i], ...) for all i, with references to the elements, which f may change.
template <class T, class F, class... Ts>
void update(std::int64_t numel, F f, T* a, Ts*... rest) {
  parallel_for(Split(numel, kGrain), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) f(a[i], rest[i]...);
  });
}

}  // namespace gradus::kernels
