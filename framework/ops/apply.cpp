#include "framework/ops/apply.h"
#include "framework/autograd/engine.h"
#include "framework/kernels/elementwise.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/autocast.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {

OpRegistry& OpRegistry::instance() {
  static OpRegistry registry;
  return registry;
}

Tensor sample(const Shape& sizes, double low, double high) {
  static Generator generator(20240601);
  Tensor values = rand(sizes, kFloat64, generator);
  double* data = values.data_ptr<double>();
  for (std::int64_t i = 0; i < values.numel(); ++i) data[i] = low + (high - low) * data[i];
  return values;
}

namespace {

// As in PyTorch: tensors with dims decide before 0-dim ones, and those before C++ numbers, unless
// the lesser one is of a higher category (bool < integer < floating).
DType common_dtype(const TensorList& inputs) {
  const auto category = [](DType dtype) { return dtype == kBool ? 0 : is_floating(dtype) ? 2 : 1; };
  std::optional<DType> ranks[3];
  for (const Tensor& input : inputs) {
    const int rank = input.impl()->wrapped_number ? 2 : input.dim() == 0 ? 1 : 0;
    const bool number = rank == 2 && is_floating(input.dtype());
    const DType dtype = number ? kFloat32 : input.dtype();
    ranks[rank] = ranks[rank] ? promote(*ranks[rank], dtype) : dtype;
  }
  std::optional<DType> result;
  for (const std::optional<DType>& dtype : ranks) {
    if (!dtype) continue;
    if (!result || category(*dtype) > category(*result)) {
      result = result ? promote(*result, *dtype) : *dtype;
    }
  }
  return result.value_or(kFloat32);
}

bool is_single_or_half(const Tensor& t) {
  return t.dtype() == kFloat32 || t.dtype() == kBFloat16;
}

bool autocast_norm(TensorList& inputs) {
  if (inputs.size() < 3 || inputs[0].dtype() != kBFloat16) return false;
  if (inputs[1].dtype() != kFloat32 || inputs[2].dtype() != kFloat32) return false;
  for (std::size_t i = 3; i < inputs.size(); ++i) inputs[i] = inputs[i].to(kBFloat16);
  return true;
}

// Whether the inputs are ready; else they are still to be brought to a common dtype.
bool autocast(AutocastRule rule, TensorList& inputs) {
  if (rule == AutocastRule::Norm) return autocast_norm(inputs);
  const bool weights = std::all_of(inputs.begin() + 1, inputs.end(),
                                   [](const Tensor& t) { return t.dtype() == kFloat32; });
  if (rule == AutocastRule::First && !(weights && is_single_or_half(inputs[0]))) return false;
  const DType to = rule == AutocastRule::Full ? kFloat32 : kBFloat16;
  for (Tensor& input : inputs) {
    if (input.dtype() != to && is_single_or_half(input)) input = input.to(to);
    if (rule == AutocastRule::First) return true;
  }
  return false;
}

}  // namespace

void prepare(const OpInfo& info, TensorList& inputs) {
  if (info.inputs != kAnyNumber && static_cast<int>(inputs.size()) != info.inputs) {
    throw ValueError("takes " + std::to_string(info.inputs) + " tensors, got " +
                     std::to_string(inputs.size()));
  }
  bool alike = true;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) {
      throw StateError("input " + std::to_string(i) + " is an undefined tensor");
    }
    alike = alike && inputs[i].dtype() == inputs[0].dtype();
  }
  if (Autocast::is_enabled() && info.autocast != AutocastRule::None && !inputs.empty()) {
    if (autocast(info.autocast, inputs)) return;
    alike = std::all_of(inputs.begin(), inputs.end(),
                        [&](const Tensor& t) { return t.dtype() == inputs[0].dtype(); });
  }
  if (!info.promotes || inputs.empty()) return;
  if (alike && !(info.floating && !is_floating(inputs[0].dtype()))) return;
  DType dtype = common_dtype(inputs);
  if (info.floating && !is_floating(dtype)) dtype = kFloat32;
  for (Tensor& input : inputs) {
    if (input.dtype() != dtype) input = input.to(dtype);
  }
}

Tensor reduce_to(const Tensor& gradient, const Shape& sizes) {
  Shape dims;
  const int shift = gradient.dim() - sizes.size();
  for (int d = 0; d < gradient.dim(); ++d) {
    if (d < shift || (sizes[d - shift] == 1 && gradient.sizes()[d] != 1)) dims.push_back(d);
  }
  return reshape(sum(gradient, dims, true), sizes);
}

}  // namespace ops

Tensor autograd::add_gradients(const Tensor& a, const Tensor& b) {
  return gradus::add(a, b);
}

void autograd::add_to_gradient(const Tensor& a, const Tensor& b) {
  kernels::dispatch_floating(a.dtype(), [&]<class T>(T) {
    kernels::map<T, T, T>([](T x, T y) { return static_cast<T>(x + y); }, a.raw(), a.raw(),
                          b.raw());
  });
}

Tensor autograd::weighted_total(const Tensor& a, const Tensor& weights) {
  return gradus::sum(a * weights);
}

}  // namespace gradus
