// Checks gradients against finite differences.
//
//   gradcheck([](std::span<const Tensor> in) { return my_op(in[0], in[1]); }, {x, y});
//
// with x and y in float64.
#pragma once

#include "framework/tensor/tensor.h"

#include <functional>
#include <span>
#include <vector>

namespace gradus {

using TensorFunction = std::function<Tensor(std::span<const Tensor>)>;

struct GradcheckOptions {
  double eps = 1e-6;  ///< the step of the central difference
  double atol = 1e-5;
  double rtol = 1e-3;
};

/// Compares the gradients of `function` at float64 `inputs` with central differences, all outputs
/// weighed at random. Inputs of other dtypes are held fixed. Throws ValueError with the input, the
/// element and both numbers where they differ, and DTypeError for float32 or bfloat16 inputs.
void gradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options = {});

/// The same for the gradients of the gradients.
void gradgradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options = {});

}  // namespace gradus
