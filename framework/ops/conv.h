// Convolutions and their transposes. As in PyTorch a kernel is not flipped. Integers are taken as
// float32. Results of the 2-D forms are channels-last in memory.
//
//   conv2d(images, weight, bias, {.stride = 2, .padding = 1});
//   conv1d(sequences, weight, {}, {.padding = "same"});
#pragma once

#include "framework/ops/geometry.h"
#include "framework/tensor/tensor.h"

namespace gradus {

using kernels::ConvGeometry;

struct Conv1dOptions {
  std::int64_t stride = 1;
  Padding padding = 0;
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
};

struct Conv2dOptions {
  Pair stride = 1;
  Padding padding = 0;
  Pair dilation = 1;
  std::int64_t groups = 1;
};

struct ConvTranspose1dOptions {
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t output_padding = 0;
  std::int64_t groups = 1;
  std::int64_t dilation = 1;
};

struct ConvTranspose2dOptions {
  Pair stride = 1;
  Pair padding = 0;
  Pair output_padding = 0;
  std::int64_t groups = 1;
  Pair dilation = 1;
};

/// x [N, C, L] or [C, L] * weight [O, C/groups, K] + bias [O] (or undefined) -> [N, O, OL] or [O,
/// OL], with OL = (L + 2 * padding - dilation * (K - 1) - 1) / stride + 1.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv1dOptions& options = {}, Location at = Location::current());

/// x [N, C, H, W] or [C, H, W] * weight [O, C/groups, KH, KW] + bias [O] (or undefined) -> [N, O,
/// OH, OW] or [O, OH, OW], with OH and OW as conv1d has them.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
              const Conv2dOptions& options = {}, Location at = Location::current());

/// What conv1d's gradient does to its input, with a bias: x [N, C, L] or [C, L], weight [C,
/// O/groups, K], bias [O] (or undefined) -> [N, O, OL] or [O, OL], with OL = (L - 1) * stride -
/// 2 * padding + dilation * (K - 1) + output_padding + 1. output_padding must be less than the
/// stride or the dilation.
Tensor conv_transpose1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose1dOptions& options = {},
                        Location at = Location::current());

/// The same for x [N, C, H, W] or [C, H, W] and weight [C, O/groups, KH, KW].
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {},
                        const ConvTranspose2dOptions& options = {},
                        Location at = Location::current());

/// The gradient of conv2d's input, of shape `sizes`.
Tensor conv2d_input_grad(const Tensor& gradient, const Tensor& weight, const Shape& sizes,
                         const ConvGeometry& geometry, Location at = Location::current());
/// The gradient of conv2d's weight, of shape `sizes`.
Tensor conv2d_weight_grad(const Tensor& gradient, const Tensor& x, const Shape& sizes,
                          const ConvGeometry& geometry, Location at = Location::current());

}  // namespace gradus
