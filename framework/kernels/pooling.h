// 2-D pooling over images that are channels-last in memory (dense NHWC), vectorised over channels.
//
// Max pooling remembers, for each output, which place of its window won (the first one on ties; a
// NaN wins over all). Its gradient scatters by those places, and the gradient's gradient gathers.
#pragma once

#include "framework/kernels/conv.h"

namespace gradus::kernels {

struct PoolGeometry {
  Pair kernel = {1, 1};  // of adaptive windows: the largest one
  Pair stride = {1, 1};
  Pair padding = {0, 0};
  Pair dilation = {1, 1};
  bool count_include_pad = true;  // average pooling: whether padding counts in the divisor
  std::int64_t divisor = 0;       // average pooling: the divisor of every window, if not 0
  Pair adaptive = {0, 0};         // if not 0: the output's sizes, whose windows share the image out
};

/// The dtype that holds a place within a window.
inline DType place_dtype(const PoolGeometry& g) {
  return g.kernel[0] * g.kernel[1] <= 256 ? kUInt8 : kInt64;
}

/// y and places have the output's sizes.
void max_pool2d(const View& y, const View& places, const View& x, const PoolGeometry& geometry);
/// gx (zeroed here) += gy at the winning places.
void max_pool2d_scatter(const View& gx, const View& gy, const View& places,
                        const PoolGeometry& geometry);
/// y = x at the winning places.
void max_pool2d_gather(const View& y, const View& x, const View& places,
                       const PoolGeometry& geometry);
/// indices (i64) = h * W + w of the winning places.
void max_pool2d_indices(const View& indices, const View& places, const View& x,
                        const PoolGeometry& geometry);

void avg_pool2d(const View& y, const View& x, const PoolGeometry& geometry);
void avg_pool2d_grad(const View& gx, const View& gy, const PoolGeometry& geometry);

}  // namespace gradus::kernels
