// Selection between values, element by element, with broadcasting and C++ numbers.
//
//   auto y = where(x > 0, x, 0.1 * x);
//
// Dtypes meet as in arithmetic.h.
#pragma once

#include "framework/ops/operand.h"

#include <optional>

namespace gradus {

/// a where the condition (bool) holds, else b; all three are broadcast. A side that was not taken
/// has gradient 0 there, even where the gradient is infinite or NaN.
Tensor where(const Tensor& condition, const Operand& a, const Operand& b,
             Location at = Location::current());
/// `value` where the mask (bool, broadcast with x) is true, else x. The dtype is x's. The value is
/// a number or a 0-dim tensor, whose gradient is summed.
Tensor masked_fill(const Tensor& x, const Tensor& mask, const Operand& value,
                   Location at = Location::current());

/// The larger of both. NaN on either side gives NaN. The gradient is halved at ties.
Tensor maximum(const Operand& a, const Operand& b);
/// The smaller of both, likewise.
Tensor minimum(const Operand& a, const Operand& b);

/// The larger of x and min. NaN on either side gives NaN. At a tie the gradient goes to x alone.
Tensor clamp_min(const Operand& x, const Operand& min);
/// The smaller of x and max, likewise.
Tensor clamp_max(const Operand& x, const Operand& max);
/// clamp_max(clamp_min(x, min), max): max where min > max. One bound may be left out; without both
/// it throws ValueError.
Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max = {},
             Location at = Location::current());
/// The same with tensors, broadcast; an undefined one is no bound.
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max = {},
             Location at = Location::current());

/// 0 below 0, 1 above, and `values` at 0; 0 for NaN. It has no gradient.
Tensor heaviside(const Operand& x, const Operand& values);
/// x with numbers in place of NaN, inf and -inf, where the gradient is 0; the infinities become the
/// largest and the least number of the dtype unless told otherwise. Integers stay as they are.
Tensor nan_to_num(const Tensor& x, double nan = 0, std::optional<double> posinf = {},
                  std::optional<double> neginf = {}, Location at = Location::current());

}  // namespace gradus
