// Activations that can follow a product in the same pass: their value and their gradient are
// functions of one element, the gradient one of the result.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

enum class Activation : char { None, ReLU, Sigmoid, Tanh };

/// x = f(x) for `count` neighbours.
void activate(Activation activation, DType dtype, void* x, std::int64_t count);

/// out = g * f'(x) for `count` neighbours, where y = f(x); `out` may be `g`.
void activation_grad(Activation activation, DType dtype, void* out, const void* g, const void* y,
                     std::int64_t count);

}  // namespace gradus::kernels
