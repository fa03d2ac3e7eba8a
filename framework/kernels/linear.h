// The three gradients of a fully connected layer at once; its value is matmul() with a bias and an
// activation.
#pragma once

#include "framework/kernels/activation.h"

namespace gradus::kernels {

/// Where the gradients go; those with null data are not computed. All contiguous, and of one dtype
/// with what they are made of; in mixed precision (g, x and w of bf16) w and bias may be f32.
struct LinearGrads {
  View x;
  View w;
  View bias;
};

/// The gradients from g [M, N], that of y = f(x [M, K] x w [N, K]^T + bias [N]). `y` is read for an
/// activation only, x for the gradient of w, w for that of x.
void linear_grad(const LinearGrads& to, const View& g, const View& x, const View& w, const View& y,
                 Activation activation);

}  // namespace gradus::kernels
