// Layer, group and RMS norm: every row by its own statistics.
#include "framework/kernels/lanes.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/native/row_norm.h"
#include "framework/kernels/normalization.h"
#include "framework/kernels/parallel.h"

#include <cmath>

namespace gradus::kernels {
namespace {

template <class T>
using Statistic = std::conditional_t<std::is_same_v<T, double>, double, float>;

// Calls body(begin, end, weight) for the stretches of a row: those under one weight, or the whole
// row where every element has its own (`weight` is then that of the first).
template <class Body>
void for_each_stretch(std::int64_t row, std::int64_t columns, const RowNorm& norm, Body body) {
  const std::int64_t first = row % norm.groups * (columns / norm.span);
  const std::int64_t length = norm.span == 1 ? columns : norm.span;
  for (std::int64_t begin = 0; begin < columns; begin += length) {
    body(begin, begin + length, first + begin / norm.span);
  }
}

template <class T>
struct Row {
  using C = Compute<T>;
  std::int64_t number;
  std::int64_t columns;
  const T* x;
  C mean;
  C inv_std;

  [[nodiscard]] C xhat(std::int64_t c) const { return (static_cast<C>(x[c]) - mean) * inv_std; }
};

template <class T>
Row<T> row_of(const View& x, const View& mean, const View& inv_std, std::int64_t number) {
  using C = Compute<T>;
  return {number, x.sizes[1], x.as<T>() + number * x.sizes[1],
          static_cast<C>(mean.as<Statistic<T>>()[number]),
          static_cast<C>(inv_std.as<Statistic<T>>()[number])};
}

template <class T>
void measure(const View& mean, const View& inv_std, const View& x, std::int64_t r,
             const RowNorm& norm) {
  const std::int64_t columns = x.sizes[1];
  const auto count = static_cast<double>(columns);
  const T* in = x.as<T>() + r * columns;
  const double centre =
      norm.centred ? lane_sum(columns, [in](std::int64_t c) { return in[c]; }) / count : 0;
  const double squares = lane_sum(columns, [=](std::int64_t c) {
    const double distance = static_cast<double>(in[c]) - centre;
    return distance * distance;
  });
  mean.as<Statistic<T>>()[r] = static_cast<Statistic<T>>(centre);
  inv_std.as<Statistic<T>>()[r] =
      static_cast<Statistic<T>>(1 / std::sqrt(squares / count + norm.eps));
}

template <class T>
void scale_row(T* __restrict out, const Row<T>& row, const View& weight, const View& bias,
               const RowNorm& norm) {
  using C = Compute<T>;
  for_each_stretch(row.number, row.columns, norm, [&](auto begin, auto end, std::int64_t first) {
    const std::int64_t step = norm.span == 1 ? 1 : 0;
    const T* w = weight.as<T>() + first;
    if (bias.data == nullptr) {
      for (std::int64_t c = begin; c < end; ++c) {
        out[c] = static_cast<T>(row.xhat(c) * static_cast<C>(w[(c - begin) * step]));
      }
      return;
    }
    const T* b = bias.as<T>() + first;
    for (std::int64_t c = begin; c < end; ++c) {
      const std::int64_t k = (c - begin) * step;
      out[c] = static_cast<T>(row.xhat(c) * static_cast<C>(w[k]) + static_cast<C>(b[k]));
    }
  });
}

// Adds a row's share to the sums of the parameters' gradients, and returns the row's own sums of
// gy * weight and gy * weight * xhat.
template <class T>
std::pair<double, double> row_sums(const Row<T>& row, const T* gy, const View& weight,
                                   double* gweight, double* gbias, const RowNorm& norm) {
  double plain = 0;
  double along = 0;
  for_each_stretch(row.number, row.columns, norm, [&](auto begin, auto end, std::int64_t first) {
    const T* g = gy + begin;
    const T* w = weight.as<T>() + first;
    const auto product = [&, begin](std::int64_t i) {
      return static_cast<double>(g[i]) * static_cast<double>(row.xhat(begin + i));
    };
    if (norm.span == 1) {
      plain += lane_sum(end - begin, [=](std::int64_t i) {
        return static_cast<double>(g[i]) * static_cast<double>(w[i]);
      });
      along += lane_sum(end - begin,
                        [=](std::int64_t i) { return product(i) * static_cast<double>(w[i]); });
      for (std::int64_t i = 0; i < end - begin; ++i) {
        gbias[i + first] += static_cast<double>(g[i]);
        gweight[i + first] += product(i);
      }
      return;
    }
    const double total = lane_sum(end - begin, [=](std::int64_t i) { return g[i]; });
    const double total_along = lane_sum(end - begin, product);
    gbias[first] += total;
    gweight[first] += total_along;
    plain += total * static_cast<double>(w[0]);
    along += total_along * static_cast<double>(w[0]);
  });
  return {plain, along};
}

template <class T>
void row_grad(T* __restrict gx, const T* __restrict gy, const Row<T>& row, const View& weight,
              std::pair<double, double> sums, const RowNorm& norm) {
  using C = Compute<T>;
  const auto count = static_cast<double>(row.columns);
  const auto plain = static_cast<C>(norm.centred ? sums.first / count : 0);
  const auto along = static_cast<C>(sums.second / count);
  for_each_stretch(row.number, row.columns, norm, [&](auto begin, auto end, std::int64_t first) {
    const std::int64_t step = norm.span == 1 ? 1 : 0;
    const T* w = weight.as<T>() + first;
    for (std::int64_t c = begin; c < end; ++c) {
      const C scaled = static_cast<C>(gy[c]) * static_cast<C>(w[(c - begin) * step]);
      gx[c] = static_cast<T>(row.inv_std * (scaled - plain - row.xhat(c) * along));
    }
  });
}

// Whether each column has its weight, as in layer norm: the case with loops of its own.
bool is_by_column(const RowNorm& norm) {
  return norm.groups == 1 && norm.span == 1;
}

template <class T>
native::NormRows<T> rows_of(const View& x, const View& weight, const View& mean,
                            const View& inv_std) {
  return {x.as<T>(), x.sizes[1], weight.as<T>(), mean.as<Compute<T>>(), inv_std.as<Compute<T>>()};
}

}  // namespace

void normalize_rows(const View& y, const View& mean, const View& inv_std, const View& x,
                    const View& weight, const View& bias, const RowNorm& norm) {
  const std::int64_t columns = x.sizes[1];
  dispatch_floating(x.dtype, [&]<class T>(T) {
    parallel_for(Split(x.sizes[0], kGrain / (columns + 1) + 1), [&](std::int64_t begin,
                                                                    std::int64_t end) {
      if (is_by_column(norm)) {
        native::row_norm_loops().of<T>().forward(rows_of<T>(x, weight, mean, inv_std), y.as<T>(),
                                                 bias.as<T>(), norm.eps, norm.centred, begin, end);
        return;
      }
      for (std::int64_t r = begin; r < end; ++r) {
        measure<T>(mean, inv_std, x, r, norm);
        scale_row<T>(y.as<T>() + r * columns, row_of<T>(x, mean, inv_std, r), weight, bias, norm);
      }
    });
  });
}

void normalize_rows_grad(const View& gx, const View& gweight, const View& gbias, const View& gy,
                         const View& x, const View& mean, const View& inv_std, const View& weight,
                         const RowNorm& norm) {
  const std::int64_t columns = x.sizes[1];
  const std::int64_t weights = weight.sizes.numel();
  const Split split(x.sizes[0], kGrain / (columns + 1) + 1, 32);
  dispatch_floating(x.dtype, [&]<class T>(T) {
    Scratch<double> sums(split.chunks * 2 * weights);
    parallel_for(split.chunks, [&](std::int64_t chunk) {
      double* gw = &sums[chunk * 2 * weights];
      double* gb = gw + weights;
      std::fill(gw, gw + 2 * weights, 0.0);
      if (is_by_column(norm)) {
        Scratch<Compute<T>> block(2 * columns);
        native::row_norm_loops().of<T>().backward(rows_of<T>(x, weight, mean, inv_std), gx.as<T>(),
                                                  gy.as<T>(), gw, gb, block.data(), norm.centred,
                                                  split.begin(chunk), split.end(chunk));
        return;
      }
      for (std::int64_t r = split.begin(chunk); r < split.end(chunk); ++r) {
        const Row<T> row = row_of<T>(x, mean, inv_std, r);
        const T* g = gy.as<T>() + r * columns;
        const auto own = row_sums<T>(row, g, weight, gw, gb, norm);
        row_grad<T>(gx.as<T>() + r * columns, g, row, weight, own, norm);
      }
    });
    const auto total = [&](std::int64_t offset) {
      double value = 0;
      for (std::int64_t chunk = 0; chunk < split.chunks; ++chunk) {
        value += sums[chunk * 2 * weights + offset];
      }
      return static_cast<T>(value);
    };
    for (std::int64_t i = 0; i < weights; ++i) {
      gweight.as<T>()[i] = total(i);
      gbias.as<T>()[i] = total(weights + i);
    }
  });
}

}  // namespace gradus::kernels
