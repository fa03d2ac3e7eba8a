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

template <class T>
Row<Compute<T>> row_of(const View& values) {
  Row<Compute<T>> row;
  row.reserve(static_cast<std::size_t>(values.sizes.numel()));
  for (std::int64_t c = 0; c < values.sizes.numel(); ++c) row.push_back(values.as<T>()[c]);
  return row;
}

// What normalize_columns computes; its gradient computes it again, to the same bits.
template <class C>
struct Normalized {
  Row<C> mean, scale, bias;

  template <class T>
  static Normalized of(const ColumnNorm& norm, T /*element*/) {
    Normalized result{row_of<T>(norm.mean), {}, row_of<T>(norm.bias)};
    for (std::int64_t c = 0; c < norm.mean.sizes.numel(); ++c) {
      result.scale.push_back(static_cast<C>(norm.inv_std.as<T>()[c] * norm.weight.as<T>()[c]));
    }
    return result;
  }
  [[nodiscard]] static C value(C x, C mean, C scale, C bias) { return (x - mean) * scale + bias; }
};

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
        auto y = static_cast<T>(Normalized<C>::value(in[i], mean[c], scale[c], bias[c]));
        if constexpr (kResidual) y = static_cast<T>(y + residual[i]);
        if constexpr (kRelu) y = relu(y);
        out[i] = y;
      }
    });
  }
}

// to = from where y > 0 (or is NaN), else 0.
template <class T>
void mask_rows(T* __restrict to, const T* __restrict from, const T* __restrict y,
               std::int64_t numel) {
  for (std::int64_t i = 0; i < numel; ++i) to[i] = relu_grad(from[i], y[i]);
}

// gx = g * scale + (x - mean) * slope + shift, column by column.
template <class T>
struct GradientOfRows {
  using C = Compute<T>;
  Row<C> mean, scale, slope, shift;

  void run(T* __restrict gx, const T* __restrict x, const T* __restrict g,
           std::int64_t rows) const {
    const auto columns = static_cast<std::int64_t>(mean.size());
    const C* __restrict means = mean.data();
    const C* __restrict scales = scale.data();
    const C* __restrict slopes = slope.data();
    const C* __restrict shifts = shift.data();
    for (std::int64_t r = 0; r < rows; ++r) {
      for_each_strip(columns, [&](std::int64_t strip, auto width) {
        for (std::int64_t c = strip; c < strip + width; ++c) {
          const std::int64_t i = r * columns + c;
          gx[i] = static_cast<T>(g[i] * scales[c] + ((x[i] - means[c]) * slopes[c] + shifts[c]));
        }
      });
    }
  }
};

// sums[c] = sum(g), sums[columns + c] = sum(g * (x - mean)) over rows of a chunk. `masked` gives
// the gradients of a run of rows; it may put them into the buffer.
template <class T, class Masked>
void sum_gradients(double* sums, const T* x, std::int64_t begin, std::int64_t end,
                   const Row<Compute<T>>& mean, T* buffer, Masked masked) {
  using C = Compute<T>;
  const auto columns = static_cast<std::int64_t>(mean.size());
  const C* middle = mean.data();
  std::fill(sums, sums + 2 * columns, 0.0);
  for (std::int64_t run = begin; run < end; run += kRun) {
    const std::int64_t last = std::min(end, run + kRun);
    const T* rows = x + run * columns;
    const T* g = masked(run, last, buffer);
    for_each_strip(columns, [&](std::int64_t strip, auto width) {
      sum_strip<C, 2>(sums, 0, last - run, columns, strip, width,
                      [=](std::int64_t r, std::int64_t c) {
                        const auto gradient = static_cast<C>(g[r * columns + c]);
                        const C distance = static_cast<C>(rows[r * columns + c]) - middle[c];
                        return std::array{gradient, gradient * distance};
                      });
    });
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
      Row<C> around(static_cast<std::size_t>(columns));
      for (std::int64_t c = 0; c < columns; ++c) {
        centre[c] = static_cast<double>(first[c]) + centre[c] / count;
        around[static_cast<std::size_t>(c)] = static_cast<C>(centre[c]);
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
    for (std::int64_t c = 0; c < columns; ++c) {
      const double middle = total([&](auto at, double n) { return means[at + c] * n; }) / rows;
      const double spread = total([&](auto at, double n) {
        const double off = means[at + c] - middle;
        return squares[at + c] + n * off * off;
      });
      mean.as<T>()[c] = static_cast<T>(middle);
      variance.as<T>()[c] = static_cast<T>(spread / rows);
    }
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
  dispatch_floating(x.dtype, [&]<class T>(T element) {
    normalize_all<T>(y, x, Normalized<Compute<T>>::of(norm, element), residual, norm.relu);
  });
}

void scale_columns(const View& y, const View& x, const View& weight, const View& bias) {
  dispatch_floating(x.dtype, [&]<class T>(T) {
    using C = Compute<T>;
    Row<C> zeros(static_cast<std::size_t>(x.sizes[1]), C{});
    normalize_all<T>(y, x, {std::move(zeros), row_of<T>(weight), row_of<T>(bias)}, {}, false);
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
        gy_(gy.as<T>()),
        x_(x.as<T>()),
        y_(y.as<T>()),
        norm_(norm),
        rows_(x.sizes[0]),
        columns_(x.sizes[1]),
        normalized_(Normalized<C>::of(norm, T{})) {}

  void run() {
    const auto as_it_is = [this](std::int64_t begin, std::int64_t, T*) {
      return gy_ + begin * columns_;
    };
    if (!norm_.relu) {
      both_passes(as_it_is, as_it_is);
      if (to_.residual.data != nullptr) std::copy_n(gy_, rows_ * columns_, residual());
    } else if (to_.residual.data == nullptr) {
      // The buffer first holds the result of the forward pass, then the masked gradient.
      const auto mask = [this](std::int64_t begin, std::int64_t end, T* buffer) {
        const std::int64_t at = begin * columns_;
        normalize_rows_of<T, false, false>(buffer, x_ + at, nullptr, end - begin, normalized_);
        mask_rows_in_place(buffer, gy_ + at, (end - begin) * columns_);
        return static_cast<const T*>(buffer);
      };
      both_passes(mask, mask);
    } else {  // the residual's gradient is the masked one
      const auto mask = [this](std::int64_t begin, std::int64_t end, T*) {
        const std::int64_t at = begin * columns_;
        mask_rows(residual() + at, gy_ + at, y_ + at, (end - begin) * columns_);
        return static_cast<const T*>(residual() + at);
      };
      both_passes(mask, [this](std::int64_t begin, std::int64_t, T*) {
        return static_cast<const T*>(residual() + begin * columns_);
      });
    }
  }

 private:
  [[nodiscard]] T* residual() const { return to_.residual.as<T>(); }

  static void mask_rows_in_place(T* __restrict y, const T* __restrict g, std::int64_t numel) {
    for (std::int64_t i = 0; i < numel; ++i) y[i] = relu_grad(g[i], y[i]);
  }

  // First all sums, then the gradient of x.
  template <class First, class Second>
  void both_passes(First first, Second second) {
    const Split split = row_split(rows_, columns_);
    const std::int64_t width = 2 * columns_;
    Scratch<double> sums(split.chunks * width);
    parallel_for(split.chunks, [&](std::int64_t chunk) {
      Scratch<T> buffer(kRun * columns_);
      sum_gradients(&sums[chunk * width], x_, split.begin(chunk), split.end(chunk),
                    normalized_.mean, buffer.data(), first);
    });
    for (std::int64_t chunk = 1; chunk < split.chunks; ++chunk) {
      for (std::int64_t i = 0; i < width; ++i) sums[i] += sums[chunk * width + i];
    }
    const GradientOfRows<T> of_rows = finish(sums.data());
    parallel_for(split, [&](std::int64_t begin, std::int64_t end) {
      Scratch<T> buffer(kRun * columns_);
      for (std::int64_t run = begin; run < end; run += kRun) {
        const std::int64_t last = std::min(end, run + kRun);
        const std::int64_t at = run * columns_;
        of_rows.run(to_.x.as<T>() + at, x_ + at, second(run, last, buffer.data()), last - run);
      }
    });
  }

  GradientOfRows<T> finish(const double* sums) const {
    GradientOfRows<T> result{normalized_.mean, {}, {}, {}};
    const double share = 1.0 / static_cast<double>(rows_);
    for (std::int64_t c = 0; c < columns_; ++c) {
      const auto inv_std = static_cast<double>(norm_.inv_std.as<T>()[c]);
      const double scale = static_cast<double>(norm_.weight.as<T>()[c]) * inv_std;
      const double gweight = sums[columns_ + c] * inv_std;
      to_.bias.as<T>()[c] = static_cast<T>(sums[c]);
      to_.weight.as<T>()[c] = static_cast<T>(gweight);
      result.scale.push_back(static_cast<C>(scale));
      result.slope.push_back(static_cast<C>(-scale * share * gweight * inv_std));
      result.shift.push_back(static_cast<C>(-scale * share * sums[c]));
    }
    return result;
  }

  const BatchNormGradients& to_;
  const T* gy_;
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
