#include "framework/ops/derivatives.h"
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace {

// The inputs as tensors of their own, so that derivatives are those of this call alone.
std::vector<Tensor> own_inputs(const std::vector<Tensor>& inputs, bool create_graph) {
  std::vector<Tensor> result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& input = inputs[i];
    if (!input.is_floating_point()) {
      throw DTypeError("input " + std::to_string(i) + " is " + std::string(name_of(input.dtype())) +
                       "; only floating tensors have derivatives");
    }
    const bool connected = create_graph && input.requires_grad();
    result.push_back(connected ? reshape(input, input.sizes()) : input.detach().requires_grad_());
  }
  return result;
}

// grad(), with zeros where an input takes no part.
std::vector<Tensor> gradients(const Tensor& output, const std::vector<Tensor>& inputs,
                              const Tensor& v, bool create_graph) {
  std::vector<Tensor> result(inputs.size());
  if (output.requires_grad()) {
    const std::array outputs = {output};
    const std::array weights = {v};
    result =
        grad(outputs, inputs, weights, {.retain_graph = true, .create_graph = create_graph}, true);
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!result[i].defined()) result[i] = zeros_like(inputs[i]);
  }
  return result;
}

void check_vectors(const std::vector<Tensor>& inputs, const std::vector<Tensor>& v) {
  bool fits = inputs.size() == v.size();
  for (std::size_t i = 0; fits && i < v.size(); ++i) fits = v[i].sizes() == inputs[i].sizes();
  if (!fits) throw ShapeError("needs one vector for each input, of the input's shape");
}

Tensor result_of(const Tensor& output, bool create_graph) {
  return create_graph ? output : output.detach();
}

// The Jacobian of `output` with respect to graph tensors.
std::vector<Tensor> rows(const Tensor& output, const std::vector<Tensor>& inputs,
                         bool create_graph) {
  std::vector<std::vector<Tensor>> parts(inputs.size());
  for (std::int64_t k = 0; k < output.numel(); ++k) {
    const Tensor unit = zeros({output.numel()}, output.dtype());
    unit.slice(0, k, k + 1).fill_(1);
    const std::vector<Tensor> row =
        gradients(output, inputs, unit.reshape(output.sizes()), create_graph);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      parts[i].push_back(reshape(row[i], {1, row[i].numel()}));
    }
  }
  std::vector<Tensor> result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Shape sizes = output.sizes();
    for (const std::int64_t size : inputs[i].sizes()) sizes.push_back(size);
    result.push_back(parts[i].empty() ? zeros(sizes, output.dtype())
                                      : reshape(cat(parts[i], 0), sizes));
  }
  return result;
}

template <class Body>
auto named(const char* name, Body body) {
  try {
    const GradModeGuard recorded(true);
    return body();
  } catch (Error& error) {
    error.name_op(name);
    throw;
  }
}

TensorFunction of_one(const TensorMap& f) {
  return [&f](std::span<const Tensor> in) { return f(in[0]); };
}

}  // namespace

std::pair<Tensor, std::vector<Tensor>> vjp(const TensorFunction& f,
                                           const std::vector<Tensor>& inputs, const Tensor& v,
                                           bool create_graph) {
  return named("vjp", [&] {
    const std::vector<Tensor> own = own_inputs(inputs, create_graph);
    const Tensor output = f(own);
    return std::pair(result_of(output, create_graph), gradients(output, own, v, create_graph));
  });
}

// The gradient v^T J is linear in v, and its derivative by v is J: backward run twice.
std::pair<Tensor, Tensor> jvp(const TensorFunction& f, const std::vector<Tensor>& inputs,
                              const std::vector<Tensor>& tangents, bool create_graph) {
  return named("jvp", [&] {
    check_vectors(inputs, tangents);
    const std::vector<Tensor> own = own_inputs(inputs, create_graph);
    const Tensor output = f(own);
    const Tensor v = zeros_like(output).requires_grad_();
    const std::vector<Tensor> products = gradients(output, own, v, true);
    Tensor moved;
    for (std::size_t i = 0; i < products.size(); ++i) {
      const Tensor part = gradients(products[i], {v}, tangents[i], create_graph)[0];
      moved = moved.defined() ? moved + part : part;
    }
    return std::pair(result_of(output, create_graph), moved);
  });
}

std::vector<Tensor> jacobian(const TensorFunction& f, const std::vector<Tensor>& inputs,
                             bool create_graph) {
  return named("jacobian", [&] {
    const std::vector<Tensor> own = own_inputs(inputs, create_graph);
    return rows(f(own), own, create_graph);
  });
}

Tensor jacobian(const TensorMap& f, const Tensor& input, bool create_graph) {
  return jacobian(of_one(f), {input}, create_graph)[0];
}

std::vector<std::vector<Tensor>> hessian(const TensorFunction& f, const std::vector<Tensor>& inputs,
                                         bool create_graph) {
  return named("hessian", [&] {
    const std::vector<Tensor> own = own_inputs(inputs, create_graph);
    const std::vector<Tensor> first = gradients(f(own), own, {}, true);
    std::vector<std::vector<Tensor>> result;
    for (const Tensor& each : first) result.push_back(rows(each, own, create_graph));
    return result;
  });
}

Tensor hessian(const TensorMap& f, const Tensor& input, bool create_graph) {
  return hessian(of_one(f), {input}, create_graph)[0][0];
}

std::pair<Tensor, std::vector<Tensor>> hvp(const TensorFunction& f,
                                           const std::vector<Tensor>& inputs,
                                           const std::vector<Tensor>& v, bool create_graph) {
  return named("hvp", [&] {
    check_vectors(inputs, v);
    const std::vector<Tensor> own = own_inputs(inputs, create_graph);
    const Tensor output = f(own);
    Tensor along;
    const std::vector<Tensor> first = gradients(output, own, {}, true);
    for (std::size_t i = 0; i < first.size(); ++i) {
      const Tensor part = (first[i] * v[i]).sum();
      along = along.defined() ? along + part : part;
    }
    return std::pair(result_of(output, create_graph), gradients(along, own, {}, create_graph));
  });
}

}  // namespace gradus
