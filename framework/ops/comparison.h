// Comparison and logic, element by element, with broadcasting and C++ numbers on either side.
//
//   auto good = (x > 0) & isfinite(x);
//
// Tests give bool tensors and carry no gradient. Dtypes meet as in arithmetic.h.
#pragma once

#include "framework/ops/operand.h"

namespace gradus {

/// With NaN all but `ne` are false.
Tensor eq(const Operand& a, const Operand& b);
Tensor ne(const Operand& a, const Operand& b);
Tensor lt(const Operand& a, const Operand& b);
Tensor le(const Operand& a, const Operand& b);
Tensor gt(const Operand& a, const Operand& b);
Tensor ge(const Operand& a, const Operand& b);

/// Numbers count as true when they are not 0; so does NaN.
Tensor logical_and(const Operand& a, const Operand& b);
Tensor logical_or(const Operand& a, const Operand& b);
Tensor logical_xor(const Operand& a, const Operand& b);
Tensor logical_not(const Tensor& x, Location at = Location::current());
/// On the bits of integers, and on bool. The result has the dtype of the inputs; floating ones
/// throw DTypeError.
Tensor bitwise_and(const Operand& a, const Operand& b);
Tensor bitwise_or(const Operand& a, const Operand& b);
Tensor bitwise_xor(const Operand& a, const Operand& b);
Tensor bitwise_not(const Tensor& x, Location at = Location::current());

Tensor isnan(const Tensor& x, Location at = Location::current());
Tensor isinf(const Tensor& x, Location at = Location::current());
Tensor isfinite(const Tensor& x, Location at = Location::current());
/// Whether the sign is minus; so it is of -0.0.
Tensor signbit(const Tensor& x, Location at = Location::current());
/// |a - b| <= atol + rtol * |b|, or a == b, which infinities may be. NaN is close to NaN only with
/// equal_nan. Both have one dtype, else DTypeError.
Tensor isclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
               bool equal_nan = false, Location at = Location::current());
/// Whether isclose() holds for all elements; true for none.
bool allclose(const Tensor& a, const Tensor& b, double rtol = 1e-5, double atol = 1e-8,
              bool equal_nan = false, Location at = Location::current());
/// Whether shapes and all elements are equal. NaN equals nothing. Dtypes may differ.
bool equal(const Tensor& a, const Tensor& b, Location at = Location::current());

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
inline Tensor operator&(const Operand& a, const Operand& b) {
  return bitwise_and(a, b);
}
inline Tensor operator|(const Operand& a, const Operand& b) {
  return bitwise_or(a, b);
}
inline Tensor operator^(const Operand& a, const Operand& b) {
  return bitwise_xor(a, b);
}
inline Tensor operator~(const Operand& x) {
  return bitwise_not(x.tensor(), x.at());
}
inline Tensor operator!(const Operand& x) {
  return logical_not(x.tensor(), x.at());
}

}  // namespace gradus
