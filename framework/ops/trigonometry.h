// Trigonometric and hyperbolic functions and their inverses, element by element; angles in radians.
// Integers are taken as float32. tanh is in activation.h, atan2 in arithmetic.h.
#pragma once

#include "framework/tensor/tensor.h"

namespace gradus {

Tensor sin(const Tensor& x, Location at = Location::current());
Tensor cos(const Tensor& x, Location at = Location::current());
Tensor tan(const Tensor& x, Location at = Location::current());
/// In [-pi/2, pi/2]; NaN beyond 1.
Tensor asin(const Tensor& x, Location at = Location::current());
/// In [0, pi]; NaN beyond 1.
Tensor acos(const Tensor& x, Location at = Location::current());
/// In [-pi/2, pi/2].
Tensor atan(const Tensor& x, Location at = Location::current());
Tensor sinh(const Tensor& x, Location at = Location::current());
Tensor cosh(const Tensor& x, Location at = Location::current());
Tensor asinh(const Tensor& x, Location at = Location::current());
/// Not negative; NaN below 1.
Tensor acosh(const Tensor& x, Location at = Location::current());
/// NaN beyond 1.
Tensor atanh(const Tensor& x, Location at = Location::current());
/// Degrees to radians.
Tensor deg2rad(const Tensor& x, Location at = Location::current());
/// Radians to degrees.
Tensor rad2deg(const Tensor& x, Location at = Location::current());

}  // namespace gradus
