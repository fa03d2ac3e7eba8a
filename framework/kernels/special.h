// Special functions of one number that the C++ library lacks, to about 1e-14 (relative to the
// value, or absolute near a zero). No state: any thread may call them.
#pragma once

namespace gradus::kernels {

/// The inverse of erf: +-inf at +-1, NaN outside [-1, 1].
double erfinv(double y);

/// log |gamma(x)|; inf at 0, -1, -2, ...
double lgamma(double x);

/// The derivative of lgamma: -inf at 0, inf at -0.0, NaN at -1, -2, ...
double digamma(double x);

/// The derivative of digamma of order n >= 1. At 0, -1, -2, ...: inf for odd n, -inf for even n.
double polygamma(int n, double x);

/// The derivative of order n >= 0 of sin(x) / x; 1 at x = 0 for n = 0.
double sin_over_x(int n, double x);

}  // namespace gradus::kernels
