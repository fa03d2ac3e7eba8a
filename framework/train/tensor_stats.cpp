#include "framework/train/tensor_stats.h"

#include <algorithm>
#include <cmath>

namespace gradus {
namespace {

template <class T>
bool all_finite(const Tensor& tensor) {
  const Tensor dense = tensor.detach().contiguous();
  const T* values = static_cast<const T*>(dense.raw().data);
  T sum = 0;  // of zeros, but for NaN and infinities, which stay NaN
  for (std::int64_t i = 0; i < dense.numel(); ++i) sum += values[i] * T{0};
  return !std::isnan(sum);
}

}  // namespace

bool is_finite(const Tensor& tensor) {
  if (tensor.dtype() == kFloat32) return all_finite<float>(tensor);
  if (tensor.dtype() == kFloat64) return all_finite<double>(tensor);
  return !tensor.is_floating_point() || all_finite<float>(tensor.detach().to(kFloat32));
}

TensorStats stats_of(const Tensor& tensor) {
  TensorStats stats;
  double sum = 0;
  const std::vector<double> values = tensor.detach().to_vector<double>();
  for (const double value : values) {
    if (std::isnan(value)) ++stats.nan;
    if (std::isinf(value)) ++stats.inf;
    if (!std::isfinite(value)) continue;
    stats.min = stats.finite == 0 ? value : std::min(stats.min, value);
    stats.max = stats.finite == 0 ? value : std::max(stats.max, value);
    sum += value;
    ++stats.finite;
  }
  if (stats.finite == 0) return stats;
  const auto count = static_cast<double>(stats.finite);
  stats.mean = sum / count;
  double squares = 0;
  for (const double value : values) {
    if (std::isfinite(value)) squares += (value - stats.mean) * (value - stats.mean);
  }
  stats.std = std::sqrt(squares / count);
  return stats;
}

}  // namespace gradus
