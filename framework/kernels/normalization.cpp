#include "framework/kernels/normalization.h"
#include "framework/kernels/memory.h"
#include "framework/kernels/parallel.h"

#include <cmath>

namespace gradus::kernels {
namespace {

// sums[s * columns + c] = the sum over rows of term(row, c)[s], for S sums at once.
template <std::size_t S, class Term>
void column_sums(double* sums, std::int64_t rows, std::int64_t columns, Term term) {
  const Split split(rows, kGrain / columns + 1, 32);
  const auto width = static_cast<std::int64_t>(S) * columns;
  Scratch<double> partial(std::max<std::int64_t>(split.chunks, 1) * width);
  std::fill(partial.data(), partial.data() + std::max<std::int64_t>(split.chunks, 1) * width, 0.0);
  parallel_for(split.chunks, [&](std::int64_t chunk) {
    double* to = &partial[chunk * width];
    for (std::int64_t r = split.begin(chunk); r < split.end(chunk); ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        const std::array<double, S> terms = term(r, c);
        for (std::size_t s = 0; s < S; ++s)
          to[static_cast<std::int64_t>(s) * columns + c] += terms[s];
      }
    }
  });
  std::copy(partial.data(), partial.data() + width, sums);
  for (std::int64_t chunk = 1; chunk < split.chunks; ++chunk) {
    for (std::int64_t i = 0; i < width; ++i) sums[i] += partial[chunk * width + i];
  }
}

template <class Body>
void for_each_row(std::int64_t rows, std::int64_t columns, Body body) {
  parallel_for(Split(rows, kGrain / (columns + 1) + 1), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) body(r);
  });
}

}  // namespace

void column_moments(const View& mean, const View& variance, const View& x) {
  const std::int64_t rows = x.sizes[0];
  const std::int64_t columns = x.sizes[1];
  dispatch_floating(x.dtype, [&]<class T>(T) {
    const T* data = x.as<T>();
    const auto count = static_cast<double>(rows);
    Scratch<double> means(columns);
    Scratch<double> squares(columns);
    column_sums<1>(means.data(), rows, columns, [&](std::int64_t r, std::int64_t c) {
      return std::array{static_cast<double>(data[r * columns + c])};
    });
    for (std::int64_t c = 0; c < columns; ++c) means[c] /= count;
    column_sums<1>(squares.data(), rows, columns, [&](std::int64_t r, std::int64_t c) {
      const double distance = static_cast<double>(data[r * columns + c]) - means[c];
      return std::array{distance * distance};
    });
    for (std::int64_t c = 0; c < columns; ++c) {
      mean.as<T>()[c] = static_cast<T>(means[c]);
      variance.as<T>()[c] = static_cast<T>(squares[c] / count);
    }
  });
}

void normalize_columns(const View& y, const View& x, const View& mean, const View& inv_std,
                       const View& weight, const View& bias) {
  const std::int64_t columns = x.sizes[1];
  dispatch_floating(x.dtype, [&]<class T>(T) {
    for_each_row(x.sizes[0], columns, [&](std::int64_t r) {
      const T* in = x.as<T>() + r * columns;
      T* out = y.as<T>() + r * columns;
      for (std::int64_t c = 0; c < columns; ++c) {
        const auto scale = static_cast<Compute<T>>(inv_std.as<T>()[c] * weight.as<T>()[c]);
        out[c] = static_cast<T>((in[c] - mean.as<T>()[c]) * scale + bias.as<T>()[c]);
      }
    });
  });
}

void batch_norm_grad(const View& gx, const View& gweight, const View& gbias, const View& gy,
                     const View& x, const View& mean, const View& inv_std, const View& weight) {
  const std::int64_t rows = x.sizes[0];
  const std::int64_t columns = x.sizes[1];
  dispatch_floating(x.dtype, [&]<class T>(T) {
    const auto xhat = [&](std::int64_t r, std::int64_t c) {
      return (static_cast<double>(x.as<T>()[r * columns + c]) -
              static_cast<double>(mean.as<T>()[c])) *
             static_cast<double>(inv_std.as<T>()[c]);
    };
    Scratch<double> sums(2 * columns);
    column_sums<2>(sums.data(), rows, columns, [&](std::int64_t r, std::int64_t c) {
      const auto g = static_cast<double>(gy.as<T>()[r * columns + c]);
      return std::array{g, g * xhat(r, c)};
    });
    for (std::int64_t c = 0; c < columns; ++c) {
      gbias.as<T>()[c] = static_cast<T>(sums[c]);
      gweight.as<T>()[c] = static_cast<T>(sums[columns + c]);
    }
    const double share = 1.0 / static_cast<double>(rows);
    for_each_row(rows, columns, [&](std::int64_t r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        const double scale =
            static_cast<double>(weight.as<T>()[c]) * static_cast<double>(inv_std.as<T>()[c]);
        const double centred = static_cast<double>(gy.as<T>()[r * columns + c]) -
                               share * (sums[c] + xhat(r, c) * sums[columns + c]);
        gx.as<T>()[r * columns + c] = static_cast<T>(scale * centred);
      }
    });
  });
}

}  // namespace gradus::kernels
