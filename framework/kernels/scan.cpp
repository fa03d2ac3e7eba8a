#include "framework/kernels/scan.h"
#include "framework/kernels/parallel.h"

#include <cmath>

namespace gradus::kernels {
namespace {

template <class T>
using Wide = std::conditional_t<is_floating(kDTypeOf<T>), double, std::uint64_t>;

// step(state, element) for the elements of each line along `dim` in order, from a state of its own.
template <class State, class Step>
void scan(const Shape& sizes, int dim, bool reverse, State start, Step step) {
  if (sizes.numel() == 0) return;
  const std::int64_t length = sizes.empty() ? 1 : sizes[dim];
  std::int64_t inner = 1;
  for (int d = dim + 1; d < sizes.size(); ++d) inner *= sizes[d];
  const std::int64_t lines = sizes.numel() / length;
  const std::int64_t stride = reverse ? -inner : inner;
  const std::int64_t first = reverse ? (length - 1) * inner : 0;
  const Split split(lines, kGrain / length + 1);
  parallel_for(split, [&](std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t kBlock = 128;
    State states[kBlock];
    for (std::int64_t line = begin; line < end;) {
      const std::int64_t column = line % inner;
      const std::int64_t width = std::min({end - line, inner - column, kBlock});
      std::int64_t at = (line - column) * length + column + first;
      std::fill(states, states + width, start);
      for (std::int64_t i = 0; i < length; ++i, at += stride) {
        for (std::int64_t j = 0; j < width; ++j) step(states[j], at + j);
      }
      line += width;
    }
  });
}

double log_add_exp(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return a + b;
  const double high = std::max(a, b);
  const double low = std::min(a, b);
  return low == high && std::isinf(high) ? high : high + std::log1p(std::exp(low - high));
}

}  // namespace

void cumsum(const View& out, const View& in, int dim, bool reverse) {
  dispatch(in.dtype, [&]<class T>(T) {
    const T* from = in.as<T>();
    T* to = out.as<T>();
    scan(in.sizes, dim, reverse, Wide<T>{}, [=](Wide<T>& total, std::int64_t i) {
      total += static_cast<Wide<T>>(from[i]);
      to[i] = static_cast<T>(total);
    });
  });
}

void cumprod(const View& out, const View& in, int dim) {
  dispatch(in.dtype, [&]<class T>(T) {
    const T* from = in.as<T>();
    T* to = out.as<T>();
    scan(in.sizes, dim, false, Wide<T>{1}, [=](Wide<T>& product, std::int64_t i) {
      product *= static_cast<Wide<T>>(from[i]);
      to[i] = static_cast<T>(product);
    });
  });
}

void logcumsumexp(const View& out, const View& in, int dim) {
  dispatch_floating(in.dtype, [&]<class T>(T) {
    const T* from = in.as<T>();
    T* to = out.as<T>();
    scan(in.sizes, dim, false, -HUGE_VAL, [=](double& total, std::int64_t i) {
      total = log_add_exp(total, static_cast<double>(from[i]));
      to[i] = static_cast<T>(total);
    });
  });
}

void linear_recurrence(const View& out, const View& a, const View& b, int dim, bool reverse) {
  dispatch_floating(out.dtype, [&]<class T>(T) {
    const T* factors = a.as<T>();
    const T* terms = b.as<T>();
    T* to = out.as<T>();
    struct State {
      double value = 0;
      bool started = false;  // the first factor takes no part, even if it is inf or NaN
    };
    scan(out.sizes, dim, reverse, State(), [=](State& state, std::int64_t i) {
      const auto factor = static_cast<double>(factors[i]);
      const double carried = state.started ? factor * state.value : 0;
      state = {carried + static_cast<double>(terms[i]), true};
      to[i] = static_cast<T>(state.value);
    });
  });
}

void running_extremes(const View& values, const View& indices, const View& in, int dim,
                      bool largest) {
  dispatch(in.dtype, [&]<class T>(T) {
    using C = Compute<T>;
    struct State {
      C top{};
      std::int64_t place = -1;
      std::int64_t at = 0;
    };
    const T* from = in.as<T>();
    T* to = values.as<T>();
    std::int64_t* places = indices.as<std::int64_t>();
    scan(in.sizes, dim, false, State(), [=](State& state, std::int64_t i) {
      const C value = static_cast<C>(from[i]);
      const bool top_is_nan = state.place >= 0 && state.top != state.top;
      const bool beats = largest ? value >= state.top : value <= state.top;
      if (state.place < 0 || value != value || (!top_is_nan && beats)) {
        state.top = value;
        state.place = state.at;
      }
      ++state.at;
      to[i] = static_cast<T>(state.top);
      places[i] = state.place;
    });
  });
}

}  // namespace gradus::kernels
