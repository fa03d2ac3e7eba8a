// Special functions, element by element. Integers are taken as float32.
#pragma once

#include "framework/ops/operand.h"

#include <optional>

namespace gradus {

/// The error function.
Tensor erf(const Tensor& x, Location at = Location::current());
/// 1 - erf(x), exact where it is small.
Tensor erfc(const Tensor& x, Location at = Location::current());
/// The inverse of erf: infinite at -1 and 1, NaN beyond.
Tensor erfinv(const Tensor& x, Location at = Location::current());
/// log |gamma(x)|; inf at 0, -1, -2, ...
Tensor lgamma(const Tensor& x, Location at = Location::current());
/// The derivative of lgamma: infinite at 0, NaN at -1, -2, ...
Tensor digamma(const Tensor& x, Location at = Location::current());
/// The derivative of order n of digamma. At 0, -1, -2, ... it is inf for odd n, -inf for even n.
/// Negative n throw ValueError.
Tensor polygamma(int n, const Tensor& x, Location at = Location::current());
/// sin(pi x) / (pi x); 1 at 0, where all its derivatives are right too.
Tensor sinc(const Tensor& x, Location at = Location::current());
/// a * log(b), and 0 where a is 0, unless b is NaN. The gradient of a is 0 where a is 0 and b <= 0.
Tensor xlogy(const Operand& a, const Operand& b);
/// log(x / (1 - x)), the inverse of sigmoid: infinite at 0 and 1, NaN beyond. With eps, x is first
/// brought into [eps, 1 - eps].
Tensor logit(const Tensor& x, std::optional<double> eps = {}, Location at = Location::current());

}  // namespace gradus
