// 2-D convolution and its two gradients. f32 runs on oneDNN, and so does bf16 where the CPU has it;
// elsewhere bf16 is computed in f32 and rounded, which differs in the order of sums alone. f64 runs
// on the naive loops, which are also the oracle of the tests. Which kernel runs depends on the
// sizes, the batch's among them.
//
// Images are [N, C, H, W] and channels-last in memory (dense NHWC); weights are [O, C/groups, KH,
// KW] and contiguous. All have one dtype; in mixed precision (images of bf16) weights, bias and
// their gradients may be f32: weights are rounded to bf16 on the way. The batch is split into
// chunks fixed by the sizes; the weight gradients of the chunks are summed in chunk order, so the
// bits do not depend on the number of threads.
#pragma once

#include "framework/kernels/view.h"

#include <array>

namespace gradus::kernels {

using Pair = std::array<std::int64_t, 2>;  // height, width

struct ConvGeometry {
  Pair stride = {1, 1};
  Pair padding = {0, 0};
  Pair dilation = {1, 1};
  std::int64_t groups = 1;

  friend bool operator==(const ConvGeometry&, const ConvGeometry&) = default;
};

/// y = x * w + bias (bias.data may be null).
void conv2d(const View& y, const View& x, const View& w, const View& bias,
            const ConvGeometry& geometry);
/// gx: the gradient of the input, from gy of the output.
void conv2d_input_grad(const View& gx, const View& gy, const View& w, const ConvGeometry& geometry);
/// gw: the gradient of the weights.
void conv2d_weight_grad(const View& gw, const View& x, const View& gy,
                        const ConvGeometry& geometry);
/// The same and gbias, that of the bias: the sum of gy over all but the channels.
void conv2d_weight_grad(const View& gw, const View& gbias, const View& x, const View& gy,
                        const ConvGeometry& geometry);

void conv2d_naive(const View& y, const View& x, const View& w, const View& bias,
                  const ConvGeometry& geometry);
void conv2d_input_grad_naive(const View& gx, const View& gy, const View& w,
                             const ConvGeometry& geometry);
void conv2d_weight_grad_naive(const View& gw, const View& gbias, const View& x, const View& gy,
                              const ConvGeometry& geometry);

}  // namespace gradus::kernels
