// A line search for the strong Wolfe conditions, as PyTorch's L-BFGS has it: a bracket is found by
// extrapolation, then narrowed by cubic interpolation.
#pragma once

#include "framework/kernels/parallel.h"
#include "framework/tensor/tensor.h"

namespace gradus::optim {

/// What is known of the function at `step` along the line.
struct LinePoint {
  double step = 0;
  double value = 0;
  double slope = 0;
  Tensor gradient;
};

/// A point where the function is less than at `start` by at least 1e-4 of what the slope there,
/// which must be negative, promises, and where |slope| <= 0.9 |start.slope|. `step` is tried first.
/// After 26 evaluations, or with a bracket in which no element of the weights changes by 1e-9, it
/// is the lower end of the bracket, which may be `start` itself. `longest` is the largest element
/// of the direction. A value that is NaN or infinite counts as too high.
LinePoint strong_wolfe(kernels::FunctionRef<LinePoint(double)> evaluate, const LinePoint& start,
                       double step, double longest);

}  // namespace gradus::optim
