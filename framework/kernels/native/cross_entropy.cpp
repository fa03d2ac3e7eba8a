#include "framework/kernels/native/cross_entropy.h"
#include "framework/kernels/lanes.h"
#include "framework/kernels/vector_math.h"

#include <cmath>

GRADUS_LEVEL_BEGIN
namespace {

// The sum of weight * (x - top) over the classes.
template <class T>
[[gnu::always_inline]] inline double weighed_scores(const ScoreRows<T>& rows, const T* x,
                                                    Compute<T> top) {
  using C = Compute<T>;
  if (rows.weight == nullptr) {
    return lane_sum(rows.classes, [=](std::int64_t c) { return static_cast<C>(x[c]) - top; });
  }
  const T* weight = rows.weight;
  return lane_sum(rows.classes, [=](std::int64_t c) {
    return static_cast<double>(weight[c]) * static_cast<double>(static_cast<C>(x[c]) - top);
  });
}

template <class T>
[[gnu::flatten]] LossSums forward(const ScoreRows<T>& rows, RowScale<T>* scales, T* losses,
                                  std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  constexpr C kLeast = -std::numeric_limits<C>::infinity();
  const double smooth = rows.label_smoothing;
  const double share = smooth / static_cast<double>(rows.classes);
  LossSums sums;
  for (std::int64_t r = begin; r < end; ++r) {
    const std::int64_t label = rows.labels[r];
    if (label == rows.ignored) {
      scales[r] = {};
      if (losses != nullptr) losses[r] = T{};
      continue;
    }
    const T* x = rows.scores + r * rows.stride;
    C top = lane_max<C>(rows.classes, [x](std::int64_t c) { return static_cast<C>(x[c]); });
    if (top == kLeast) top = 0;
    const double total = lane_sum(
        rows.classes, [=](std::int64_t c) { return exp_or_zero(static_cast<C>(x[c]) - top); });
    scales[r] = {top, static_cast<C>(1 / total)};
    const double weight = rows.weight == nullptr ? 1.0 : static_cast<double>(rows.weight[label]);
    // Subtracted apart: top + log(total) would round the logarithm away.
    const double log_total = std::log(total);
    double loss = weight * (log_total - static_cast<double>(static_cast<C>(x[label]) - top));
    if (smooth != 0) {
      const double spread = rows.weight_sum * log_total - weighed_scores(rows, x, top);
      loss = (1 - smooth) * loss + share * spread;
    }
    sums.loss += loss;
    sums.weight += weight;
    if (losses != nullptr) losses[r] = static_cast<T>(loss);
  }
  return sums;
}

template <class T>
[[gnu::flatten]] void backward(const ScoreRows<T>& rows, const RowScale<T>* scales, T* gradient,
                               double factor, const T* g, std::int64_t g_step, std::int64_t begin,
                               std::int64_t end) {
  using C = Compute<T>;
  const double smooth = rows.label_smoothing;
  const double share = smooth / static_cast<double>(rows.classes);
  for (std::int64_t r = begin; r < end; ++r) {
    const std::int64_t label = rows.labels[r];
    const T* x = rows.scores + r * rows.stride;
    T* out = gradient + r * rows.classes;
    if (label == rows.ignored) {
      for (std::int64_t c = 0; c < rows.classes; ++c) out[c] = T{};
      continue;
    }
    const double weight = rows.weight == nullptr ? 1.0 : static_cast<double>(rows.weight[label]);
    const double own = (1 - smooth) * weight;  // the label's share
    const double all = own + share * rows.weight_sum;
    const double slope = factor * static_cast<double>(g[r * g_step]);
    const C top = scales[r].top;
    const double scale = all * static_cast<double>(scales[r].scale);
    const auto shared = static_cast<C>(scale * slope);
    if (smooth == 0) {
      for (std::int64_t c = 0; c < rows.classes; ++c) {
        out[c] = static_cast<T>(exp_or_zero(static_cast<C>(x[c]) - top) * shared);
      }
    } else if (rows.weight == nullptr) {
      const auto spread = static_cast<C>(share * slope);
      for (std::int64_t c = 0; c < rows.classes; ++c) {
        out[c] = static_cast<T>(mul_add(exp_or_zero(static_cast<C>(x[c]) - top), shared, -spread));
      }
    } else {
      const auto spread = static_cast<C>(share * slope);
      for (std::int64_t c = 0; c < rows.classes; ++c) {
        out[c] = static_cast<T>(mul_add(exp_or_zero(static_cast<C>(x[c]) - top), shared,
                                        -spread * static_cast<C>(rows.weight[c])));
      }
    }
    const auto power = static_cast<double>(exp_or_zero(static_cast<C>(x[label]) - top));
    out[label] = static_cast<T>((power * scale - own - share * weight) * slope);
  }
}

}  // namespace

extern const CrossEntropyLoops kCrossEntropy;
const CrossEntropyLoops kCrossEntropy = {.f32 = {forward<float>, backward<float>},
                                         .f64 = {forward<double>, backward<double>},
                                         .bf16 = {forward<BFloat16>, backward<BFloat16>}};
GRADUS_LEVEL_END

GRADUS_CHOOSE(CrossEntropyLoops, kCrossEntropy, cross_entropy_loops)
