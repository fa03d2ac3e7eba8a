#include "framework/kernels/native/softmax.h"
#include "framework/kernels/lanes.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

GRADUS_LEVEL_BEGIN
namespace {

// The largest value of a row; 0 for a row of -inf, which has none to subtract.
template <class T>
[[gnu::always_inline]] inline Compute<T> row_top(const T* x, std::int64_t columns) {
  using C = Compute<T>;
  const C top = lane_max<C>(columns, [x](std::int64_t c) { return static_cast<C>(x[c]); });
  return top == -std::numeric_limits<C>::infinity() ? C{} : top;
}

// Fills `powers` with exp(x - top) and returns their sum.
template <class T>
[[gnu::always_inline]] inline double row_powers(Compute<T>* __restrict powers,
                                                const T* __restrict x, Compute<T> top,
                                                std::int64_t columns) {
  for (std::int64_t c = 0; c < columns; ++c) {
    powers[c] = exp_or_zero(static_cast<Compute<T>>(x[c]) - top);
  }
  return lane_sum(columns, [powers](std::int64_t c) { return powers[c]; });
}

template <class T>
[[gnu::flatten]] void softmax(T* y, const T* x, bool masked, Compute<T>* scratch,
                              std::int64_t columns, std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  for (std::int64_t r = begin; r < end; ++r) {
    const T* in = x + r * columns;
    T* __restrict out = y + r * columns;
    const double total = row_powers(scratch, in, row_top(in, columns), columns);
    const auto scale = static_cast<C>(masked && total == 0 ? 0.0 : 1 / total);
    for (std::int64_t c = 0; c < columns; ++c) out[c] = static_cast<T>(scratch[c] * scale);
  }
}

template <class T>
[[gnu::flatten]] void softmax_grad(T* gx, const T* gy, const T* y, std::int64_t columns,
                                   std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  for (std::int64_t r = begin; r < end; ++r) {
    const T* g = gy + r * columns;
    const T* p = y + r * columns;
    T* __restrict out = gx + r * columns;
    const auto shared = static_cast<C>(lane_sum(columns, [=](std::int64_t c) {
      return static_cast<double>(g[c]) * static_cast<double>(p[c]);
    }));
    for (std::int64_t c = 0; c < columns; ++c) {
      out[c] = static_cast<T>(static_cast<C>(p[c]) * (static_cast<C>(g[c]) - shared));
    }
  }
}

template <class T>
[[gnu::flatten]] void log_softmax(T* y, const T* x, Compute<T>* scratch, std::int64_t columns,
                                  std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  for (std::int64_t r = begin; r < end; ++r) {
    const T* in = x + r * columns;
    T* __restrict out = y + r * columns;
    const C top = row_top(in, columns);
    // Subtracted apart: top + log(total) would round the logarithm away.
    const auto log_total = static_cast<C>(std::log(row_powers(scratch, in, top, columns)));
    for (std::int64_t c = 0; c < columns; ++c) {
      out[c] = static_cast<T>((static_cast<C>(in[c]) - top) - log_total);
    }
  }
}

template <class T>
[[gnu::flatten]] void log_softmax_grad(T* gx, const T* gy, const T* y, std::int64_t columns,
                                       std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  for (std::int64_t r = begin; r < end; ++r) {
    const T* g = gy + r * columns;
    const T* logs = y + r * columns;
    T* __restrict out = gx + r * columns;
    const auto total = static_cast<C>(lane_sum(columns, [g](std::int64_t c) { return g[c]; }));
    for (std::int64_t c = 0; c < columns; ++c) {
      out[c] = static_cast<T>(
          mul_add(-exp_or_zero(static_cast<C>(logs[c])), total, static_cast<C>(g[c])));
    }
  }
}

template <class T>
constexpr SoftmaxOf<T> kRows = {softmax<T>, softmax_grad<T>, log_softmax<T>, log_softmax_grad<T>};

}  // namespace

extern const SoftmaxLoops kSoftmax;
const SoftmaxLoops kSoftmax = {kRows<float>, kRows<double>, kRows<BFloat16>};
GRADUS_LEVEL_END

GRADUS_CHOOSE(SoftmaxLoops, kSoftmax, softmax_loops)
