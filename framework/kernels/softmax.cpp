#include "framework/kernels/softmax.h"
#include "framework/kernels/lanes.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

namespace gradus::kernels {
namespace {

// Calls body(row, scratch of a row) for all rows.
template <class C, class Body>
void for_each_row(const View& x, Body body) {
  const std::int64_t columns = x.sizes[1];
  parallel_for(Split(x.sizes[0], kGrain / 4 / (columns + 1) + 1),
               [&](std::int64_t begin, std::int64_t end) {
                 Scratch<C> scratch(columns);
                 for (std::int64_t r = begin; r < end; ++r) body(r, scratch.data());
               });
}

// The largest value of a row; 0 for a row of -inf, which has none to subtract.
template <class T>
Compute<T> row_top(const T* in, std::int64_t columns) {
  using C = Compute<T>;
  const C top = lane_max<C>(columns, [in](std::int64_t c) { return static_cast<C>(in[c]); });
  return top == -std::numeric_limits<C>::infinity() ? C{} : top;
}

// Fills `powers` with exp(in - top) and returns their sum.
template <class T>
double row_powers(Compute<T>* __restrict powers, const T* __restrict in, Compute<T> top,
                  std::int64_t columns) {
  using C = Compute<T>;
  for (std::int64_t c = 0; c < columns; ++c) powers[c] = exp_or_zero(static_cast<C>(in[c]) - top);
  return lane_sum(columns, [powers](std::int64_t c) { return powers[c]; });
}

}  // namespace

void softmax(const View& y, const View& x, bool masked) {
  const std::int64_t columns = x.sizes[1];
  dispatch_floating(x.dtype, [&]<class T>(T) {
    using C = Compute<T>;
    for_each_row<C>(x, [&](std::int64_t r, C* powers) {
      const T* in = x.as<T>() + r * columns;
      T* out = y.as<T>() + r * columns;
      const double total = row_powers(powers, in, row_top(in, columns), columns);
      const auto scale = static_cast<C>(masked && total == 0 ? 0.0 : 1 / total);
      for (std::int64_t c = 0; c < columns; ++c) out[c] = static_cast<T>(powers[c] * scale);
    });
  });
}

void softmax_grad(const View& gx, const View& gy, const View& y) {
  const std::int64_t columns = y.sizes[1];
  dispatch_floating(y.dtype, [&]<class T>(T) {
    using C = Compute<T>;
    for_each_row<C>(y, [&](std::int64_t r, C*) {
      const T* g = gy.as<T>() + r * columns;
      const T* p = y.as<T>() + r * columns;
      T* out = gx.as<T>() + r * columns;
      const auto shared = static_cast<C>(lane_sum(columns, [=](std::int64_t c) {
        return static_cast<double>(g[c]) * static_cast<double>(p[c]);
      }));
      for (std::int64_t c = 0; c < columns; ++c) {
        out[c] = static_cast<T>(static_cast<C>(p[c]) * (static_cast<C>(g[c]) - shared));
      }
    });
  });
}

void log_softmax(const View& y, const View& x) {
  const std::int64_t columns = x.sizes[1];
  dispatch_floating(x.dtype, [&]<class T>(T) {
    using C = Compute<T>;
    for_each_row<C>(x, [&](std::int64_t r, C* powers) {
      const T* in = x.as<T>() + r * columns;
      T* out = y.as<T>() + r * columns;
      const C top = row_top(in, columns);
      // Subtracted apart: top + log(total) would round the logarithm away.
      const auto log_total = static_cast<C>(std::log(row_powers(powers, in, top, columns)));
      for (std::int64_t c = 0; c < columns; ++c) {
        out[c] = static_cast<T>((static_cast<C>(in[c]) - top) - log_total);
      }
    });
  });
}

void log_softmax_grad(const View& gx, const View& gy, const View& y) {
  const std::int64_t columns = y.sizes[1];
  dispatch_floating(y.dtype, [&]<class T>(T) {
    using C = Compute<T>;
    for_each_row<C>(y, [&](std::int64_t r, C* powers) {
      const T* g = gy.as<T>() + r * columns;
      const T* logs = y.as<T>() + r * columns;
      T* out = gx.as<T>() + r * columns;
      const auto total = static_cast<C>(lane_sum(columns, [g](std::int64_t c) { return g[c]; }));
      row_powers(powers, logs, C{}, columns);
      for (std::int64_t c = 0; c < columns; ++c) {
        out[c] = static_cast<T>(static_cast<C>(g[c]) - powers[c] * total);
      }
    });
  });
}

}  // namespace gradus::kernels
