// Variance, norms and logsumexp over dims. `dims` may be negative; an empty list reduces over all.
// With keepdim the reduced dims stay, with size 1. All run in double.
#pragma once

#include "framework/tensor/tensor.h"

#include <utility>

namespace gradus {

/// The sum of squared distances to the mean over max(count - correction, 0): 1 is Bessel's
/// correction, 0 (PyTorch's unbiased = false) the biased variance. Two passes, so that a large mean
/// costs no digits. Floating tensors only; NaN where that divides 0 by 0, as for one element.
Tensor var(const Tensor& x, const Shape& dims = {}, double correction = 1, bool keepdim = false,
           Location at = Location::current());
/// The root of var. Where it is 0, its gradient is 0.
Tensor std(const Tensor& x, const Shape& dims = {}, double correction = 1, bool keepdim = false,
           Location at = Location::current());
/// var (std) and mean.
std::pair<Tensor, Tensor> var_mean(const Tensor& x, const Shape& dims = {}, double correction = 1,
                                   bool keepdim = false, Location at = Location::current());
std::pair<Tensor, Tensor> std_mean(const Tensor& x, const Shape& dims = {}, double correction = 1,
                                   bool keepdim = false, Location at = Location::current());

/// (sum of |x|^p)^(1/p). p = 0 counts the non-zeros; p = inf and -inf give the largest and smallest
/// |x|, whose gradient is shared evenly among ties, and which need an element, as p < 0 does. The
/// gradient at 0 is 0. Floating tensors only.
Tensor norm(const Tensor& x, double p = 2, const Shape& dims = {}, bool keepdim = false,
            Location at = Location::current());
/// norm, by the name that it has in torch.linalg.
Tensor vector_norm(const Tensor& x, double ord = 2, const Shape& dims = {}, bool keepdim = false,
                   Location at = Location::current());

/// log(sum(exp(x))), without overflow; -inf over nothing. Integers are taken as float32. Where the
/// result is infinite, the gradient is NaN.
Tensor logsumexp(const Tensor& x, const Shape& dims, bool keepdim = false,
                 Location at = Location::current());

}  // namespace gradus
