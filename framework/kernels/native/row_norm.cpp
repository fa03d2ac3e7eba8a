#include "framework/kernels/native/row_norm.h"
#include "framework/kernels/lanes.h"

#include <cmath>

GRADUS_LEVEL_BEGIN
namespace {

template <class T>
[[gnu::flatten]] void forward(const NormRows<T>& rows, T* y, const T* bias, double eps,
                              bool centred, std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  const std::int64_t columns = rows.columns;
  const auto count = static_cast<double>(columns);
  const T* weight = rows.weight;
  for (std::int64_t r = begin; r < end; ++r) {
    const T* x = rows.x + r * columns;
    const double sum =
        centred ? lane_sum(columns, [x](std::int64_t c) { return static_cast<C>(x[c]); }) : 0;
    const auto mean = static_cast<C>(sum / count);
    const double squares = lane_sum(columns, [x, mean](std::int64_t c) {
      const C distance = static_cast<C>(x[c]) - mean;
      return distance * distance;
    });
    const auto inv_std = static_cast<C>(1 / std::sqrt(squares / count + eps));
    rows.mean[r] = mean;
    rows.inv_std[r] = inv_std;
    T* __restrict to = y + r * columns;
    const auto scaled = [=](std::int64_t c) {
      return (static_cast<C>(x[c]) - mean) * inv_std * static_cast<C>(weight[c]);
    };
    if (bias == nullptr) {
      for (std::int64_t c = 0; c < columns; ++c) to[c] = static_cast<T>(scaled(c));
    } else {
      for (std::int64_t c = 0; c < columns; ++c) {
        to[c] = static_cast<T>(scaled(c) + static_cast<C>(bias[c]));
      }
    }
  }
}

// The gradients by weight and bias are added up in C over so many rows, then in double.
constexpr std::int64_t kRowsPerBlock = 8;

// A row of gx, and its share in the gradients of weight and bias.
template <class T, class C = Compute<T>>
[[gnu::always_inline]] inline void finish_row(T* __restrict gx, C* __restrict block,
                                              const T* __restrict x, const T* __restrict g,
                                              const T* __restrict weight, std::int64_t columns,
                                              C mean, C inv_std, C plain, C along) {
  C* __restrict gweight = block;
  C* __restrict gbias = block + columns;
  for (std::int64_t c = 0; c < columns; ++c) {
    const C normed = (static_cast<C>(x[c]) - mean) * inv_std;
    const auto slope = static_cast<C>(g[c]);
    gweight[c] += slope * normed;
    gbias[c] += slope;
    gx[c] = static_cast<T>(inv_std * (slope * static_cast<C>(weight[c]) - plain - normed * along));
  }
}

template <class T>
[[gnu::flatten]] void backward(const NormRows<T>& rows, T* gx, const T* gy, double* gweight,
                               double* gbias, Compute<T>* block, bool centred, std::int64_t begin,
                               std::int64_t end) {
  using C = Compute<T>;
  const std::int64_t columns = rows.columns;
  const auto count = static_cast<double>(columns);
  const T* weight = rows.weight;
  for (std::int64_t c = 0; c < 2 * columns; ++c) block[c] = C{};
  for (std::int64_t r = begin; r < end; ++r) {
    const T* x = rows.x + r * columns;
    const T* g = gy + r * columns;
    const C mean = rows.mean[r];
    const C inv_std = rows.inv_std[r];
    const auto xhat = [=](std::int64_t c) { return (static_cast<C>(x[c]) - mean) * inv_std; };
    const auto weighed = [=](std::int64_t c) {
      return static_cast<C>(g[c]) * static_cast<C>(weight[c]);
    };
    const auto plain = static_cast<C>(centred ? lane_sum(columns, weighed) / count : 0);
    const auto along = static_cast<C>(
        lane_sum(columns, [=](std::int64_t c) { return weighed(c) * xhat(c); }) / count);
    finish_row(gx + r * columns, block, x, g, weight, columns, mean, inv_std, plain, along);
    if ((r + 1 - begin) % kRowsPerBlock != 0 && r + 1 != end) continue;
    for (std::int64_t c = 0; c < columns; ++c) {
      gweight[c] += static_cast<double>(block[c]);
      gbias[c] += static_cast<double>(block[columns + c]);
    }
    for (std::int64_t c = 0; c < 2 * columns; ++c) block[c] = C{};
  }
}

}  // namespace

extern const RowNormLoops kRowNorm;
const RowNormLoops kRowNorm = {.f32 = {forward<float>, backward<float>},
                               .f64 = {forward<double>, backward<double>},
                               .bf16 = {forward<BFloat16>, backward<BFloat16>}};
GRADUS_LEVEL_END
GRADUS_CHOOSE(RowNormLoops, kRowNorm, row_norm_loops)
