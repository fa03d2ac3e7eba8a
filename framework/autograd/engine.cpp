#include "framework/autograd/engine.h"
#include "framework/autograd/pass.h"

namespace gradus {
namespace {

void require_graph(std::span<const Tensor> outputs, const char* caller) {
  if (outputs.empty()) throw ValueError(std::string(caller) + ": needs at least one output");
  for (const Tensor& output : outputs) {
    if (!output.defined()) throw StateError(std::string(caller) + ": an output is undefined");
    if (!output.requires_grad()) {
      throw StateError(std::string(caller) +
                       ": the tensor requires no gradient: nothing it was computed from has "
                       "requires_grad, or it was computed under NoGradGuard");
    }
  }
}

void require_nodes(std::span<const Tensor> inputs, const char* caller) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].requires_grad()) {
      throw StateError(std::string(caller) + ": input " + std::to_string(i) +
                       " requires no gradient");
    }
  }
}

[[noreturn]] void throw_unused(const char* caller, std::size_t input, const char* remedy) {
  throw StateError(std::string(caller) + ": input " + std::to_string(input) +
                   " takes no part in the outputs" + remedy);
}

}  // namespace

void backward(std::span<const Tensor> outputs, std::span<const Tensor> grad_outputs,
              BackwardOptions options) {
  require_graph(outputs, "backward");
  require_nodes(options.inputs, "backward");
  autograd::Pass pass(outputs, grad_outputs, options);
  if (options.inputs.empty()) {
    pass.run();
    pass.accumulate();
    return;
  }
  pass.restrict_to(options.inputs);
  pass.run();
  for (std::size_t i = 0; i < options.inputs.size(); ++i) {
    if (!pass.result(options.inputs[i]).defined()) throw_unused("backward", i, "");
  }
  for (const Tensor& input : options.inputs) {
    if (!input.is_leaf()) input.retain_grad();
  }
  pass.accumulate();
}

std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         std::span<const Tensor> grad_outputs, BackwardOptions options,
                         bool allow_unused) {
  require_graph(outputs, "grad");
  require_nodes(inputs, "grad");
  autograd::Pass pass(outputs, grad_outputs, options);
  pass.restrict_to(inputs);
  pass.run();
  std::vector<Tensor> results;
  for (const Tensor& input : inputs) {
    results.push_back(pass.result(input));
    if (!results.back().defined() && !allow_unused) {
      throw_unused("grad", results.size() - 1,
                   " (pass allow_unused to get an undefined gradient instead)");
    }
  }
  return results;
}

std::vector<Tensor> grad(std::initializer_list<Tensor> outputs,
                         std::initializer_list<Tensor> inputs,
                         std::initializer_list<Tensor> grad_outputs, BackwardOptions options,
                         bool allow_unused) {
  const auto view = [](const std::initializer_list<Tensor>& list) {
    return std::span<const Tensor>(list.begin(), list.size());
  };
  return grad(view(outputs), view(inputs), view(grad_outputs), std::move(options), allow_unused);
}

}  // namespace gradus
