#include "framework/kernels/normalization.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/native/column_norm.h"
#include "framework/kernels/parallel.h"

#include <cmath>
#include <vector>

namespace gradus::kernels {
namespace {

// The rows of a matrix in chunks that stay in a core's cache.
Split row_split(std::int64_t rows, std::int64_t columns) {
  return {rows, kGrain / (columns + 1) + 1, 32};
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
  [[nodiscard]] native::ColumnTerms<C> terms() const {
    return {mean.data(), scale.data(), bias.data()};
  }
};

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
    const auto& loops = native::column_norm_loops().of<T>();
    parallel_for(split.chunks, [&](std::int64_t chunk) {
      const native::RowRange rows{split.begin(chunk), split.end(chunk), columns};
      const auto count = static_cast<double>(rows.end - rows.begin);
      double* centre = &means[chunk * columns];
      double* square = &squares[chunk * columns];
      // Subtracted, so that a large mean costs no digits.
      const T* first = data + rows.begin * columns;
      loops.sum_differences(centre, data, first, rows);
      Scratch<C> around(columns);
      for (std::int64_t c = 0; c < columns; ++c) {
        centre[c] = static_cast<double>(first[c]) + centre[c] / count;
        around[c] = static_cast<C>(centre[c]);
      }
      const C* middle = around.data();
      loops.sum_squares(square, data, middle, rows);
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
  const T* added = residual.data != nullptr ? residual.as<T>() : nullptr;
  const auto& loops = native::column_norm_loops().of<T>();
  parallel_for(row_split(x.sizes[0], columns), [&](std::int64_t begin, std::int64_t end) {
    loops.normalize(y.as<T>(), x.as<T>(), added, relu, normalized.terms(), {begin, end, columns});
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
        norm_(norm),
        rows_(x.sizes[0]),
        columns_(x.sizes[1]),
        normalized_(Normalized<C>::of(norm)),
        gradient_{gy.as<T>(), x.as<T>(), y.as<T>(), normalized_.terms(), mask_of(to, norm)} {}

  // First all sums, then the gradients of x and of the residual.
  void run() {
    const auto& loops = native::column_norm_loops().of<T>();
    const Split split = row_split(rows_, columns_);
    const std::int64_t width = 2 * columns_;
    Scratch<double> sums(split.chunks * width);
    parallel_for(split.chunks, [&](std::int64_t chunk) {
      loops.sum_gradients(&sums[chunk * width], gradient_,
                          {split.begin(chunk), split.end(chunk), columns_});
    });
    for (std::int64_t chunk = 1; chunk < split.chunks; ++chunk) {
      for (std::int64_t i = 0; i < width; ++i) sums[i] += sums[chunk * width + i];
    }
    const Coefficients by = finish(sums.data());
    T* residual = to_.residual.data != nullptr ? to_.residual.as<T>() : nullptr;
    parallel_for(split, [&](std::int64_t begin, std::int64_t end) {
      loops.gradients(to_.x.as<T>(), residual, gradient_,
                      {by.scale.data(), by.slope.data(), by.shift.data()}, {begin, end, columns_});
    });
  }

 private:
  struct Coefficients {
    Row<C> scale, slope, shift;
  };

  static native::ReluMask mask_of(const BatchNormGradients& to, const ColumnNorm& norm) {
    if (!norm.relu) return native::ReluMask::None;
    return to.residual.data == nullptr ? native::ReluMask::Computed : native::ReluMask::Stored;
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
  const ColumnNorm& norm_;
  std::int64_t rows_;
  std::int64_t columns_;
  Normalized<C> normalized_;
  native::ColumnGradient<T> gradient_;
};

}  // namespace

void batch_norm_grad(const BatchNormGradients& to, const View& gy, const View& x, const View& y,
                     const ColumnNorm& norm) {
  dispatch_floating(x.dtype, [&]<class T>(T) { ColumnGradients<T>(to, gy, x, y, norm).run(); });
}

}  // namespace gradus::kernels
