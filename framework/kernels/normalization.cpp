#include "framework/kernels/normalization.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/parallel.h"
#include "framework/kernels/vector_math.h"

#include <array>
#include <cmath>
#include <vector>

namespace gradus::kernels {
namespace {

constexpr std::int64_t kStrip = 16;  // columns at once: their sums stay in registers
constexpr std::int64_t kRun = 32;    // rows summed in Compute<T> before they go on in double

// The rows of a matrix in chunks that stay in a core's cache.
Split row_split(std::int64_t rows, std::int64_t columns) {
  return {rows, kGrain / (columns + 1) + 1, 32};
}

// body(first column, width) for the strips of a row; the widths of all but the last are constants.
template <class Body>
[[gnu::always_inline]] inline void for_each_strip(std::int64_t columns, Body body) {
  std::int64_t strip = 0;
  for (; strip + kStrip <= columns; strip += kStrip) {
    body(strip, std::integral_constant<std::int64_t, kStrip>());
  }
  if (strip < columns) body(strip, columns - strip);
}

// sums[s * columns + c] += the sum of term(row, c)[s] over rows [begin, end), at most kRun of them,
// for the columns of one strip. It writes to locals alone, so that the loops vectorise whatever the
// term reads.
template <class C, std::size_t S, class Term, class Width>
[[gnu::always_inline]] inline void sum_strip(double* sums, std::int64_t begin, std::int64_t end,
                                             std::int64_t columns, std::int64_t strip, Width width,
                                             Term term) {
  C total[S][kStrip] = {};
  std::int64_t r = begin;
  for (; r + 2 <= end; r += 2) {
    for (std::int64_t c = 0; c < width; ++c) {
      const std::array<C, S> t0 = term(r, strip + c);
      const std::array<C, S> t1 = term(r + 1, strip + c);
      for (std::size_t s = 0; s < S; ++s) total[s][c] += t0[s] + t1[s];
    }
  }
  for (; r < end; ++r) {
    for (std::int64_t c = 0; c < width; ++c) {
      const std::array<C, S> t = term(r, strip + c);
      for (std::size_t s = 0; s < S; ++s) total[s][c] += t[s];
    }
  }
  for (std::size_t s = 0; s < S; ++s) {
    double* to = sums + static_cast<std::int64_t>(s) * columns + strip;
    for (std::int64_t c = 0; c < width; ++c) to[c] += static_cast<double>(total[s][c]);
  }
}

// sums[s * columns + c] = the sum of term(row, c)[s] over rows [begin, end), for S sums at once.
template <class C, std::size_t S, class Term>
void sum_rows(double* sums, std::int64_t begin, std::int64_t end, std::int64_t columns, Term term) {
  std::fill(sums, sums + static_cast<std::int64_t>(S) * columns, 0.0);
  for (std::int64_t run = begin; run < end; run += kRun) {
    const std::int64_t last = std::min(end, run + kRun);
    for_each_strip(columns, [&](std::int64_t strip, auto width) {
      sum_strip<C, S>(sums, run, last, columns, strip, width, term);
    });
  }
}

// One value for a column, in the type that is computed in.
template <class C>
using Row = std::vector<C>;

template <class C>
Row<C> row_of(const View& values) {
  Row<C> row;
  row.reserve(static_cast<std::size_t>(values.sizes.numel()));
  dispatch_floating(values.dtype, [&]<class T>(T) {
    const T* data = values.as<T>();
    for (std::int64_t c = 0; c < values.sizes.numel(); ++c) row.push_back(static_cast<C>(data[c]));
  });
  return row;
}

// to[c] = value(c), rounded to its type.
template <class Value>
void put_row(const View& to, Value value) {
  dispatch_floating(to.dtype, [&]<class T>(T) {
    T* data = to.as<T>();
    for (std::int64_t c = 0; c < to.sizes.numel(); ++c) data[c] = static_cast<T>(value(c));
  });
}

// What normalize_columns computes; its gradient computes it again, to the same bits.
template <class C>
struct Normalized {
  Row<C> mean, scale, bias;

  static Normalized of(const ColumnNorm& norm) {
    Normalized result{row_of<C>(norm.mean), row_of<C>(norm.inv_std), row_of<C>(norm.bias)};
    const Row<C> weight = row_of<C>(norm.weight);
    for (std::size_t c = 0; c < weight.size(); ++c) result.scale[c] *= weight[c];
    return result;
  }
  // Fused by name, so that the gradient finds the same sign as the forward pass.
  [[nodiscard]] static C value(C x, C mean, C scale, C bias) {
    return mul_add(x - mean, scale, bias);
  }
};

// A value of C as T holds it: whole loops in C become vectors where those with choices between
// values of T do not.
template <class T>
[[gnu::always_inline]] inline Compute<T> as_stored(Compute<T> value) {
  return static_cast<Compute<T>>(static_cast<T>(value));
}

// The largest value of C that T holds as 0.
template <class T>
constexpr Compute<T> kRoundsToZero = std::is_same_v<T, BFloat16> ? 0x1p-134F : 0;

// out[c] = f(c) for the columns of every row, each row alone.
template <class T, bool kResidual, bool kRelu>
void normalize_rows_of(T* __restrict out, const T* __restrict in, const T* __restrict residual,
                       std::int64_t rows, const Normalized<Compute<T>>& n) {
  using C = Compute<T>;
  const auto columns = static_cast<std::int64_t>(n.mean.size());
  const C* __restrict mean = n.mean.data();
  const C* __restrict scale = n.scale.data();
  const C* __restrict bias = n.bias.data();
  for (std::int64_t r = 0; r < rows; ++r) {
    for_each_strip(columns, [&](std::int64_t strip, auto width) {
      for (std::int64_t c = strip; c < strip + width; ++c) {
        const std::int64_t i = r * columns + c;
        // Rounded to T at each step, as the ops in turn would.
        C y = Normalized<C>::value(static_cast<C>(in[i]), mean[c], scale[c], bias[c]);
        if constexpr (kResidual) y = as_stored<T>(y) + static_cast<C>(residual[i]);
        if constexpr (kRelu) y = relu(y);
        out[i] = static_cast<T>(y);
      }
    });
  }
}

// How relu behind the norm masks the gradient: not at all (there is none), by the result computed
// again from x, or by the result itself, which a residual went into.
enum class Mask : std::uint8_t { None, Computed, Stored };

// The gradient at element i, in column c, with relu's mask.
template <Mask kMask, class T, class C = Compute<T>>
[[gnu::always_inline]] inline C masked(const T* g, const T* x, const T* y, const C* mean,
                                       const C* scale, const C* bias, std::int64_t i,
                                       std::int64_t c) {
  const auto slope = static_cast<C>(g[i]);
  if constexpr (kMask == Mask::Computed) {
    const C value = Normalized<C>::value(static_cast<C>(x[i]), mean[c], scale[c], bias[c]);
    return value <= kRoundsToZero<T> ? C{} : slope;
  } else if constexpr (kMask == Mask::Stored) {
    return relu_grad(slope, static_cast<C>(y[i]));
  } else {
    return slope;
  }
}

}  // namespace

// Each chunk finds its own mean, then the squares around that while its rows are in the cache.
void column_moments(const View& mean, const View& variance, const View& x) {
  const std::int64_t columns = x.sizes[1];
  const Split split = row_split(x.sizes[0], columns);
  Scratch<double> means(split.chunks * columns);
  Scratch<double> squares(split.chunks * columns);
  dispatch_floating(x.dtype, [&]<class T>(T) {
    using C = Compute<T>;
    const T* data = x.as<T>();
    parallel_for(split.chunks, [&](std::int64_t chunk) {
      const std::int64_t begin = split.begin(chunk);
      const std::int64_t end = split.end(chunk);
      const auto count = static_cast<double>(end - begin);
      double* centre = &means[chunk * columns];
      double* square = &squares[chunk * columns];
      const T* first = data + begin * columns;  // subtracted, so that a large mean costs no digits
      sum_rows<C, 1>(centre, begin, end, columns, [&](std::int64_t r, std::int64_t c) {
        return std::array{static_cast<C>(data[r * columns + c]) - static_cast<C>(first[c])};
      });
      Scratch<C> around(columns);
      for (std::int64_t c = 0; c < columns; ++c) {
        centre[c] = static_cast<double>(first[c]) + centre[c] / count;
        around[c] = static_cast<C>(centre[c]);
      }
      const C* middle = around.data();
      sum_rows<C, 1>(square, begin, end, columns, [&](std::int64_t r, std::int64_t c) {
        const C distance = static_cast<C>(data[r * columns + c]) - middle[c];
        return std::array{distance * distance};
      });
      for (std::int64_t c = 0; c < columns; ++c) {  // the mean was rounded
        const double off = centre[c] - static_cast<double>(middle[c]);
        square[c] = std::max(0.0, square[c] - count * off * off);
      }
    });
    const auto rows = static_cast<double>(x.sizes[0]);
    const auto total = [&](auto part) {
      double sum = 0;
      for (std::int64_t chunk = 0; chunk < split.chunks; ++chunk) {
        const auto count = static_cast<double>(split.end(chunk) - split.begin(chunk));
        sum += part(chunk * columns, count);
      }
      return sum;
    };
    const auto middle = [&](std::int64_t c) {
      return total([&](auto at, double n) { return means[at + c] * n; }) / rows;
    };
    put_row(mean, middle);
    put_row(variance, [&](std::int64_t c) {
      return total([&, centre = middle(c)](auto at, double n) {
               const double off = means[at + c] - centre;
               return squares[at + c] + n * off * off;
             }) /
             rows;
    });
  });
}

void inverse_std(const View& inv_std, const View& variance, double eps) {
  dispatch_floating(variance.dtype, [&]<class T>(T) {
    for (std::int64_t c = 0; c < variance.sizes.numel(); ++c) {
      const auto value = static_cast<double>(variance.as<T>()[c]);
      inv_std.as<T>()[c] = static_cast<T>(1 / std::sqrt(value + eps));
    }
  });
}

void move_towards(const View& running, const View& value, double newest, double factor) {
  dispatch_floating(running.dtype, [&]<class To>(To) {
    dispatch_floating(value.dtype, [&]<class T>(T) {
      for (std::int64_t c = 0; c < running.sizes.numel(); ++c) {
        const double moved = static_cast<double>(running.as<To>()[c]) * (1 - newest) +
                             static_cast<double>(value.as<T>()[c]) * factor * newest;
        running.as<To>()[c] = static_cast<To>(moved);
      }
    });
  });
}

namespace {

template <class T>
void normalize_all(const View& y, const View& x, const Normalized<Compute<T>>& normalized,
                   const View& residual, bool relu) {
  const std::int64_t columns = x.sizes[1];
  const bool adds = residual.data != nullptr;
  auto* const run =
      adds ? (relu ? normalize_rows_of<T, true, true> : normalize_rows_of<T, true, false>)
           : (relu ? normalize_rows_of<T, false, true> : normalize_rows_of<T, false, false>);
  parallel_for(row_split(x.sizes[0], columns), [&](std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * columns;
    run(y.as<T>() + at, x.as<T>() + at, adds ? residual.as<T>() + at : nullptr, end - begin,
        normalized);
  });
}

}  // namespace

void normalize_columns(const View& y, const View& x, const ColumnNorm& norm, const View& residual) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    normalize_all<T>(y, x, Normalized<Compute<T>>::of(norm), residual, norm.relu);
  });
}

void scale_columns(const View& y, const View& x, const View& weight, const View& bias) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    using C = Compute<T>;
    Row<C> zeros(static_cast<std::size_t>(x.sizes[1]), C{});
    normalize_all<T>(y, x, {std::move(zeros), row_of<C>(weight), row_of<C>(bias)}, {}, false);
  });
}

namespace {

// One batch_norm_grad for elements of type T.
template <class T>
class ColumnGradients {
  using C = Compute<T>;

 public:
  ColumnGradients(const BatchNormGradients& to, const View& gy, const View& x, const View& y,
                  const ColumnNorm& norm)
      : to_(to),
        g_(gy.as<T>()),
        x_(x.as<T>()),
        y_(y.as<T>()),
        norm_(norm),
        rows_(x.sizes[0]),
        columns_(x.sizes[1]),
        normalized_(Normalized<C>::of(norm)) {}

  void run() {
    if (!norm_.relu) return both_passes<Mask::None>();
    if (to_.residual.data == nullptr) return both_passes<Mask::Computed>();
    both_passes<Mask::Stored>();
  }

 private:
  // The coefficients of gx = g * scale + (x - mean) * slope + shift, column by column.
  struct Coefficients {
    Row<C> scale, slope, shift;
  };

  // First all sums, then the gradients of x and of the residual.
  template <Mask kMask>
  void both_passes() {
    const Split split = row_split(rows_, columns_);
    const std::int64_t width = 2 * columns_;
    Scratch<double> sums(split.chunks * width);
    parallel_for(split.chunks, [&](std::int64_t chunk) {
      sum_gradients<kMask>(&sums[chunk * width], split.begin(chunk), split.end(chunk));
    });
    for (std::int64_t chunk = 1; chunk < split.chunks; ++chunk) {
      for (std::int64_t i = 0; i < width; ++i) sums[i] += sums[chunk * width + i];
    }
    const Coefficients coefficients = finish(sums.data());
    const bool adds = to_.residual.data != nullptr;
    parallel_for(split, [&](std::int64_t begin, std::int64_t end) {
      adds ? gradients_of_rows<kMask, true>(coefficients, to_.x.as<T>(), to_.residual.as<T>(), g_,
                                            x_, y_, begin, end)
           : gradients_of_rows<kMask, false>(coefficients, to_.x.as<T>(), nullptr, g_, x_, y_,
                                             begin, end);
    });
  }

  // sums[c] = sum(g), sums[columns + c] = sum(g * (x - mean)) over rows of a chunk.
  template <Mask kMask>
  void sum_gradients(double* sums, std::int64_t begin, std::int64_t end) const {
    const C* mean = normalized_.mean.data();
    const C* scale = normalized_.scale.data();
    const C* bias = normalized_.bias.data();
    sum_rows<C, 2>(sums, begin, end, columns_,
                   [=, g = g_, x = x_, y = y_, columns = columns_](std::int64_t r, std::int64_t c) {
                     const std::int64_t i = r * columns + c;
                     const C gradient = masked<kMask>(g, x, y, mean, scale, bias, i, c);
                     return std::array{gradient, gradient * (static_cast<C>(x[i]) - mean[c])};
                   });
  }

  template <Mask kMask, bool kResidual>
  void gradients_of_rows(const Coefficients& to, T* __restrict gx, T* __restrict residual,
                         const T* __restrict g, const T* __restrict x, const T* __restrict y,
                         std::int64_t begin, std::int64_t end) const {
    const C* __restrict mean = normalized_.mean.data();
    const C* __restrict scale = normalized_.scale.data();
    const C* __restrict bias = normalized_.bias.data();
    const C* __restrict scales = to.scale.data();
    const C* __restrict slopes = to.slope.data();
    const C* __restrict shifts = to.shift.data();
    const std::int64_t columns = columns_;
    for (std::int64_t r = begin; r < end; ++r) {
      for_each_strip(columns, [&](std::int64_t strip, auto width) {
        const std::int64_t first = r * columns + strip;
        T of_x[kStrip];  // locals, so that the loop vectorises: too many pointers to compare
        T of_residual[kStrip];
        for (std::int64_t k = 0; k < width; ++k) {
          const std::int64_t c = strip + k;
          const std::int64_t i = first + k;
          const C gradient = masked<kMask>(g, x, y, mean, scale, bias, i, c);
          of_residual[k] = static_cast<T>(gradient);
          of_x[k] = static_cast<T>(mul_add(
              gradient, scales[c], mul_add(static_cast<C>(x[i]) - mean[c], slopes[c], shifts[c])));
        }
        std::copy_n(of_x, width, gx + first);
        if constexpr (kResidual) std::copy_n(of_residual, width, residual + first);
      });
    }
  }

  Coefficients finish(const double* sums) const {
    Coefficients result;
    for (Row<C>* each : {&result.scale, &result.slope, &result.shift}) {
      each->reserve(static_cast<std::size_t>(columns_));
    }
    const double share = 1.0 / static_cast<double>(rows_);
    const Row<double> inv_std = row_of<double>(norm_.inv_std);
    const Row<double> weight = row_of<double>(norm_.weight);
    const auto gweight = [&](std::int64_t c) {
      return sums[columns_ + c] * inv_std[static_cast<std::size_t>(c)];
    };
    put_row(to_.bias, [&](std::int64_t c) { return sums[c]; });
    put_row(to_.weight, gweight);
    for (std::int64_t c = 0; c < columns_; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const double scale = weight[i] * inv_std[i];
      result.scale.push_back(static_cast<C>(scale));
      result.slope.push_back(static_cast<C>(-scale * share * gweight(c) * inv_std[i]));
      result.shift.push_back(static_cast<C>(-scale * share * sums[c]));
    }
    return result;
  }

  const BatchNormGradients& to_;
  const T* g_;
  const T* x_;
  const T* y_;
  const ColumnNorm& norm_;
  std::int64_t rows_;
  std::int64_t columns_;
  Normalized<C> normalized_;
};

}  // namespace

void batch_norm_grad(const BatchNormGradients& to, const View& gy, const View& x, const View& y,
                     const ColumnNorm& norm) {
  dispatch_floating(x.dtype, [&]<class T>(T) { ColumnGradients<T>(to, gy, x, y, norm).run(); });
}

}  // namespace gradus::kernels
