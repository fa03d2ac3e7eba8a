// Element-wise functions of one tensor. Integers are taken as float32.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

Tensor exp(const Tensor& x, Location at = Location::current());
/// The natural logarithm; -inf at 0, NaN below.
Tensor log(const Tensor& x, Location at = Location::current());
Tensor sqrt(const Tensor& x, Location at = Location::current());
/// max(x, 0); the gradient at 0 is 0. NaN stays NaN.
Tensor relu(const Tensor& x, Location at = Location::current());
/// 1 / (1 + exp(-x)), without overflow.
Tensor sigmoid(const Tensor& x, Location at = Location::current());
Tensor tanh(const Tensor& x, Location at = Location::current());

/// gradient where y > 0, else 0: what relu's backward is made of.
Tensor relu_backward(const Tensor& gradient, const Tensor& y, Location at = Location::current());

}  // namespace gradus
