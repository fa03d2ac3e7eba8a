// Arithmetic, element by element, with broadcasting and C++ numbers on either side.
//
//   auto y = (x - 3) * (x - 6) / x;
//
// Tensors of different dtypes meet in the later of bool < u8 < i64 < bf16 < f32 < f64; a C++ number
// adapts to the tensor unless it is of a higher kind (int tensor + 0.5 is float32). Shapes
// broadcast as in NumPy; what does not fit throws ShapeError. int64 wraps around on overflow.
#pragma once

#include "framework/ops/comparison.h"
#include "framework/ops/operand.h"

namespace gradus {

Tensor add(const Operand& a, const Operand& b);
Tensor sub(const Operand& a, const Operand& b);
Tensor mul(const Operand& a, const Operand& b);
/// True division: integers are divided as float32.
Tensor div(const Operand& a, const Operand& b);
/// The quotient rounded down, of the common dtype; floats divide as Python's `//` does. Division of
/// integers by 0 throws ValueError; INT64_MIN by -1 wraps around. The gradient is zero.
Tensor floor_divide(const Operand& a, const Operand& b);
/// a - b * floor(a / b), with the sign of b, exactly (Python's `%`). Integers by 0: ValueError.
Tensor remainder(const Operand& a, const Operand& b);
/// a - b * trunc(a / b), with the sign of a, exactly (`%` in C). Integers by 0 throw ValueError.
Tensor fmod(const Operand& a, const Operand& b);
/// a to the power of b; integers to negative powers throw ValueError. The gradient of a is 0 where
/// b == 0, that of b where a == 0 and b >= 0.
Tensor pow(const Operand& a, const Operand& b);
/// sqrt(a * a + b * b), without overflow in between. The gradient at (0, 0) is NaN.
Tensor hypot(const Operand& a, const Operand& b);
/// The angle of the point (x = b, y = a), in (-pi, pi]. The gradient at (0, 0) is NaN.
Tensor atan2(const Operand& a, const Operand& b);
/// start + weight * (end - start); exactly `end` for weight 1.
Tensor lerp(const Operand& start, const Operand& end, const Operand& weight);
/// input + value * a * b.
Tensor addcmul(const Tensor& input, const Tensor& a, const Tensor& b, Scalar value = 1,
               Location at = Location::current());
/// input + value * a / b; true division.
Tensor addcdiv(const Tensor& input, const Tensor& a, const Tensor& b, Scalar value = 1,
               Location at = Location::current());

Tensor neg(const Tensor& x, Location at = Location::current());
/// The gradient at 0 is 0.
Tensor abs(const Tensor& x, Location at = Location::current());
/// -1, 0 or 1; 0 for NaN. Its gradient is zero everywhere.
Tensor sign(const Tensor& x, Location at = Location::current());
/// x * x.
Tensor square(const Tensor& x, Location at = Location::current());

inline Tensor operator+(const Operand& a, const Operand& b) {
  return add(a, b);
}
inline Tensor operator-(const Operand& a, const Operand& b) {
  return sub(a, b);
}
inline Tensor operator*(const Operand& a, const Operand& b) {
  return mul(a, b);
}
inline Tensor operator/(const Operand& a, const Operand& b) {
  return div(a, b);
}
inline Tensor operator%(const Operand& a, const Operand& b) {
  return remainder(a, b);
}
inline Tensor operator-(const Operand& a) {
  return neg(a.tensor(), a.at());
}

/// In place, as a.add_(b) and its like.
inline Tensor& operator+=(Tensor& a, const Operand& b) {
  a.add_(b.tensor(), 1, b.at());
  return a;
}
inline Tensor& operator-=(Tensor& a, const Operand& b) {
  a.sub_(b.tensor(), 1, b.at());
  return a;
}
inline Tensor& operator*=(Tensor& a, const Operand& b) {
  a.mul_(b.tensor(), b.at());
  return a;
}
inline Tensor& operator/=(Tensor& a, const Operand& b) {
  a.div_(b.tensor(), b.at());
  return a;
}

}  // namespace gradus
