// Powers, logarithms, roots and rounding, element by element. Integers are taken as float32, but
// the rounding functions leave them as they are. Other functions of one tensor stand in
// activation.h, special.h and trigonometry.h; abs, sign, neg and square in arithmetic.h.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

Tensor exp(const Tensor& x, Location at = Location::current());
/// 2 to the power of x.
Tensor exp2(const Tensor& x, Location at = Location::current());
/// exp(x) - 1, exact near 0.
Tensor expm1(const Tensor& x, Location at = Location::current());
/// The natural logarithm; -inf at 0, NaN below; so are those to other bases.
Tensor log(const Tensor& x, Location at = Location::current());
Tensor log2(const Tensor& x, Location at = Location::current());
Tensor log10(const Tensor& x, Location at = Location::current());
/// log(1 + x), exact near 0.
Tensor log1p(const Tensor& x, Location at = Location::current());
/// NaN below 0.
Tensor sqrt(const Tensor& x, Location at = Location::current());
/// 1 / sqrt(x); inf at 0, NaN below.
Tensor rsqrt(const Tensor& x, Location at = Location::current());
/// 1 / x.
Tensor reciprocal(const Tensor& x, Location at = Location::current());

/// Down, up, or towards 0 to an integer. The gradients are zero; bool throws DTypeError.
Tensor floor(const Tensor& x, Location at = Location::current());
Tensor ceil(const Tensor& x, Location at = Location::current());
Tensor trunc(const Tensor& x, Location at = Location::current());
/// To the nearest number with so many decimals (-1: to tens), halves to the even one. The gradient
/// is zero. Integers and bool as above; integers with decimals throw DTypeError.
Tensor round(const Tensor& x, int decimals = 0, Location at = Location::current());
/// x - trunc(x): what stands behind the point, with the sign of x.
Tensor frac(const Tensor& x, Location at = Location::current());

}  // namespace gradus
