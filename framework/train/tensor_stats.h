// Numbers that describe the elements of a tensor.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

struct TensorStats {
  std::int64_t finite = 0;  ///< elements that are; the four below are of these
  std::int64_t nan = 0;
  std::int64_t inf = 0;  ///< of either sign
  double min = 0;
  double max = 0;
  double mean = 0;
  double std = 0;  ///< of the whole: the root of the mean of (x - mean)^2
};

/// Whether no element is NaN or infinite; one pass over floating elements, on this thread alone.
bool is_finite(const Tensor& tensor);

/// Of a tensor of any dtype, computed in float64.
TensorStats stats_of(const Tensor& tensor);

}  // namespace gradus
