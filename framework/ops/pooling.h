// 2-D pooling of images [N, C, H, W].
#pragma once

#include "framework/kernels/pooling.h"
#include "framework/tensor/tensor.h"

namespace gradus {

using kernels::PoolGeometry;

/// The geometry of a square window; stride 0 means: the kernel size.
PoolGeometry pool_window(std::int64_t kernel, std::int64_t stride = 0, std::int64_t padding = 0,
                         std::int64_t dilation = 1);

/// The largest value of each window; padding never wins. On ties the first place (row by row) wins
/// and alone receives the gradient.
Tensor max_pool2d(const Tensor& x, const PoolGeometry& geometry, Location at = Location::current());

/// The mean of each window; padding counts as zeros unless count_include_pad is false.
Tensor avg_pool2d(const Tensor& x, const PoolGeometry& geometry, Location at = Location::current());

}  // namespace gradus
