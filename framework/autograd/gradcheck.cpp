#include "framework/autograd/gradcheck.h"
#include "framework/autograd/engine.h"
#include "framework/autograd/grad_mode.h"
#include "framework/tensor/creation.h"

#include <cmath>

namespace gradus {
namespace {

// Copies of the inputs, contiguous; those in float64 require a gradient.
std::vector<Tensor> fresh_inputs(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> result;
  for (const Tensor& input : inputs) {
    const Tensor copy = Tensor(input.sizes(), input.dtype()).copy_(input.detach());
    if (input.is_floating_point() && input.dtype() != kFloat64) {
      throw DTypeError("gradcheck: inputs must be float64, got " +
                       std::string(name_of(input.dtype())));
    }
    result.push_back(input.is_floating_point() ? copy.requires_grad_() : copy);
  }
  return result;
}

double weighted_sum(const Tensor& output, const Tensor& weights) {
  const std::vector<double> a = output.to_vector<double>();
  const std::vector<double> w = weights.to_vector<double>();
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += a[i] * w[i];
  return total;
}

void compare(double analytic, double numeric, std::size_t input, std::int64_t element,
             const GradcheckOptions& options) {
  if (std::fabs(analytic - numeric) <= options.atol + options.rtol * std::fabs(numeric)) return;
  throw ValueError("gradcheck: input " + std::to_string(input) + ", element " +
                   std::to_string(element) + ": the gradient is " + std::to_string(analytic) +
                   ", finite differences give " + std::to_string(numeric));
}

}  // namespace

void gradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs,
               const GradcheckOptions& options) {
  const std::vector<Tensor> at = fresh_inputs(inputs);
  const Tensor output = function(at);
  Generator generator(11);
  const Tensor weights = rand(output.sizes(), kFloat64, generator);
  std::vector<Tensor> wanted;
  for (const Tensor& each : at) {
    if (each.requires_grad()) wanted.push_back(each);
  }
  if (wanted.empty() || !output.requires_grad()) {
    throw ValueError("gradcheck: no float64 input takes part in the output's graph");
  }
  const std::array outputs = {output};
  const std::array seeds = {weights};
  const std::vector<Tensor> gradients = grad(outputs, wanted, seeds, {}, true);
  const NoGradGuard no_grad;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const std::vector<double> analytic =
        gradients[i].defined() ? gradients[i].to_vector<double>()
                               : std::vector<double>(static_cast<std::size_t>(wanted[i].numel()));
    double* values = wanted[i].data_ptr<double>();
    for (std::int64_t k = 0; k < wanted[i].numel(); ++k) {
      const double centre = values[k];
      values[k] = centre + options.eps;
      const double above = weighted_sum(function(at), weights);
      values[k] = centre - options.eps;
      const double below = weighted_sum(function(at), weights);
      values[k] = centre;
      compare(analytic[static_cast<std::size_t>(k)], (above - below) / (2 * options.eps), i, k,
              options);
    }
  }
}

void gradgradcheck(const TensorFunction& function, const std::vector<Tensor>& inputs,
                   const GradcheckOptions& options) {
  const Tensor shape_of_output = function(fresh_inputs(inputs));
  Generator generator(13);
  std::vector<Tensor> extended = inputs;
  extended.push_back(rand(shape_of_output.sizes(), kFloat64, generator));
  // One number that depends on all first gradients, as a function of inputs and output weights.
  const TensorFunction first = [&](std::span<const Tensor> in) {
    const GradModeGuard recording(true);
    std::vector<Tensor> sources;
    for (const Tensor& each : in.first(in.size() - 1)) {
      if (each.requires_grad()) sources.push_back(each);
    }
    const std::array outputs = {function(in.first(in.size() - 1))};
    const std::array seeds = {in.back()};
    Tensor total;
    Generator weights(17);
    for (const Tensor& each : grad(outputs, sources, seeds, {.create_graph = true}, true)) {
      if (!each.defined()) continue;
      const Tensor part = autograd::weighted_total(each, rand(each.sizes(), kFloat64, weights));
      total = total.defined() ? autograd::add_gradients(total, part) : part;
    }
    return total;
  };
  gradcheck(first, extended, options);
}

}  // namespace gradus
