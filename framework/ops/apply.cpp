#include "framework/ops/apply.h"
#include "framework/autograd/engine.h"
#include "framework/ops/arithmetic.h"
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

Tensor autograd::weighted_total(const Tensor& a, const Tensor& weights) {
  return gradus::sum(a * weights);
}

}  // namespace gradus
