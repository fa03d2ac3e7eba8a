// Derivatives of functions, as torch.autograd.functional has them: products with the Jacobian,
// whole Jacobians and Hessians.
//
//   Tensor h = hessian([](const Tensor& x) { return (x * x * x).sum(); }, x);   // diag(6 x)
//
// The functions take and return tensors and may read others. Nobody's grad() is touched. With
// `create_graph` the results can be differentiated further, also with respect to the inputs.
#pragma once

#include "framework/autograd/gradcheck.h"
#include "framework/tensor/tensor.h"

#include <utility>
#include <vector>

namespace gradus {

using TensorMap = std::function<Tensor(const Tensor&)>;

/// f(inputs) and v^T J for every input: the gradients, weighed by `v` of the output's shape
/// (may be left out for one element).
std::pair<Tensor, std::vector<Tensor>> vjp(const TensorFunction& f,
                                           const std::vector<Tensor>& inputs, const Tensor& v = {},
                                           bool create_graph = false);

/// f(inputs) and J v: how the output moves when the inputs move along `tangents`, one for each
/// input and of its shape.
std::pair<Tensor, Tensor> jvp(const TensorFunction& f, const std::vector<Tensor>& inputs,
                              const std::vector<Tensor>& tangents, bool create_graph = false);

/// The derivative of every element of f(inputs) by every element of each input: one tensor an
/// input, of shape [output sizes..., input sizes...]. One backward pass an output element.
std::vector<Tensor> jacobian(const TensorFunction& f, const std::vector<Tensor>& inputs,
                             bool create_graph = false);
Tensor jacobian(const TensorMap& f, const Tensor& input, bool create_graph = false);

/// The second derivatives of f, which returns one element: entry [i][j] has the shape
/// [sizes of input i..., sizes of input j...].
std::vector<std::vector<Tensor>> hessian(const TensorFunction& f, const std::vector<Tensor>& inputs,
                                         bool create_graph = false);
Tensor hessian(const TensorMap& f, const Tensor& input, bool create_graph = false);

/// f(inputs), which has one element, and the product of its Hessian with `v` (one tensor an input),
/// in the time of two backward passes.
std::pair<Tensor, std::vector<Tensor>> hvp(const TensorFunction& f,
                                           const std::vector<Tensor>& inputs,
                                           const std::vector<Tensor>& v, bool create_graph = false);

}  // namespace gradus
