// 2-D convolution. Images are [N, C, H, W]; results are channels-last in memory.
#pragma once

#include "framework/kernels/conv.h"
#include "framework/tensor/tensor.h"

namespace gradus {

using kernels::ConvGeometry;

/// x [N, C, H, W] * weight [O, C/groups, KH, KW] + bias [O] (or undefined) -> [N, O, OH, OW], with
/// OH = (H + 2 * padding - dilation * (KH - 1) - 1) / stride + 1. As in PyTorch, no kernel flip.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const ConvGeometry& geometry = {}, Location at = Location::current());

/// The gradient of conv2d's input, of shape `sizes`.
Tensor conv2d_input_grad(const Tensor& gradient, const Tensor& weight, const Shape& sizes,
                         const ConvGeometry& geometry, Location at = Location::current());
/// The gradient of conv2d's weight, of shape `sizes`.
Tensor conv2d_weight_grad(const Tensor& gradient, const Tensor& x, const Shape& sizes,
                          const ConvGeometry& geometry, Location at = Location::current());

}  // namespace gradus
