// Running sums, products and extremes along a dim, all of x's shape. f32 and bf16 accumulate in
// double; sums and products of integers and bool are int64 and wrap around.
#pragma once

#include "framework/tensor/tensor.h"

#include <utility>

namespace gradus {

Tensor cumsum(const Tensor& x, int dim, Location at = Location::current());
/// Its gradients hold for zeros among the factors, too.
Tensor cumprod(const Tensor& x, int dim, Location at = Location::current());
/// log(cumsum(exp(x))), without overflow. Leading -inf receive no gradient.
Tensor logcumsumexp(const Tensor& x, int dim, Location at = Location::current());
/// The largest (smallest) values so far along `dim` and their indices; of ties the last, which
/// alone receives the gradient. NaN wins.
std::pair<Tensor, Tensor> cummax(const Tensor& x, int dim, Location at = Location::current());
std::pair<Tensor, Tensor> cummin(const Tensor& x, int dim, Location at = Location::current());

/// y[i] = a[i] * y[i - 1] + b[i] along `dim`, with y[-1] = 0; with `reverse` from the end
/// backwards, y[i] = a[i] * y[i + 1] + b[i]. a and b are broadcast. The gradients of cumprod, prod
/// and logcumsumexp are made of it.
Tensor linear_recurrence(const Tensor& a, const Tensor& b, int dim, bool reverse = false,
                         Location at = Location::current());

}  // namespace gradus
