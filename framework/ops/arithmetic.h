// Arithmetic and comparison, element by element, with broadcasting and C++ numbers on either side.
//
//   auto y = (x - 3) * (x - 6) / x;
//
// Tensors of different dtypes meet in the later of bool < u8 < i64 < bf16 < f32 < f64; a C++ number
// adapts to the tensor unless it is of a higher kind (int tensor + 0.5 is float32). Shapes
// broadcast as in NumPy; what does not fit throws ShapeError.
#pragma once

#include "framework/ops/operand.h"

namespace gradus {

Tensor add(const Operand& a, const Operand& b);
Tensor sub(const Operand& a, const Operand& b);
Tensor mul(const Operand& a, const Operand& b);
/// True division: integers are divided as float32.
Tensor div(const Operand& a, const Operand& b);
/// a to the power of b. The gradient of b at a == 0 is taken as 0.
Tensor pow(const Operand& a, const Operand& b);
Tensor neg(const Tensor& x, Location at = Location::current());
/// The gradient at 0 is 0.
Tensor abs(const Tensor& x, Location at = Location::current());
/// -1, 0 or 1; its gradient is zero everywhere.
Tensor sign(const Tensor& x, Location at = Location::current());

/// Comparisons give bool tensors and carry no gradient. With NaN all but `ne` are false.
Tensor eq(const Operand& a, const Operand& b);
Tensor ne(const Operand& a, const Operand& b);
Tensor lt(const Operand& a, const Operand& b);
Tensor le(const Operand& a, const Operand& b);
Tensor gt(const Operand& a, const Operand& b);
Tensor ge(const Operand& a, const Operand& b);

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
inline Tensor operator-(const Operand& a) {
  return neg(a.tensor(), a.at());
}
inline Tensor operator==(const Operand& a, const Operand& b) {
  return eq(a, b);
}
inline Tensor operator!=(const Operand& a, const Operand& b) {
  return ne(a, b);
}
inline Tensor operator<(const Operand& a, const Operand& b) {
  return lt(a, b);
}
inline Tensor operator<=(const Operand& a, const Operand& b) {
  return le(a, b);
}
inline Tensor operator>(const Operand& a, const Operand& b) {
  return gt(a, b);
}
inline Tensor operator>=(const Operand& a, const Operand& b) {
  return ge(a, b);
}

}  // namespace gradus
