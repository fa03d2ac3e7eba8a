#include "framework/nn/fusion.h"
#include "framework/autograd/anomaly.h"
#include "framework/autograd/grad_mode.h"
#include "framework/nn/layers.h"
#include "framework/ops/linear.h"

#include <algorithm>
#include <typeinfo>

namespace gradus::nn {
namespace {

// A class derived from a layer may do something else.
template <class M>
bool is(const NamedModule& layer) {
  const Module& module = *layer.second;
  return typeid(module) == typeid(M);
}

template <class First, class Second>
bool are(std::span<const NamedModule> layers) {
  return is<First>(layers[0]) && is<Second>(layers[1]);
}

template <class M>
M& as(const NamedModule& layer) {
  return static_cast<M&>(*layer.second);
}

using Layers = std::span<const NamedModule>;

template <Activation kActivation>
Tensor linear_and(Layers l, const Tensor& x) {
  const LinearImpl& layer = as<LinearImpl>(l[0]);
  return linear(x, layer.weight, layer.bias, kActivation);
}

Tensor normalize_and_relu(Layers l, const Tensor& x) {
  return as<BatchNormImpl>(l[0]).forward_relu(x);
}

const Fusion kFusions[] = {
    {2, are<LinearImpl, ReLUImpl>, linear_and<Activation::ReLU>},
    {2, are<LinearImpl, SigmoidImpl>, linear_and<Activation::Sigmoid>},
    {2, are<LinearImpl, TanhImpl>, linear_and<Activation::Tanh>},
    {2, are<BatchNorm1dImpl, ReLUImpl>, normalize_and_relu},
    {2, are<BatchNorm2dImpl, ReLUImpl>, normalize_and_relu},
    {2, are<ReLUImpl, MaxPool2dImpl>,
     [](Layers l, const Tensor& x) { return as<MaxPool2dImpl>(l[1]).forward_of_relu(x); }},
};

}  // namespace

bool may_fuse() {
  return !KeepValues::is_enabled() && !AnomalyMode::is_enabled();
}

const Fusion* fusion_of(std::span<const NamedModule> layers) {
  if (!may_fuse()) return nullptr;
  for (const Fusion& fusion : kFusions) {
    if (layers.size() < fusion.layers || !fusion.fits(layers)) continue;
    const auto fused = layers.first(fusion.layers);
    const bool hooked = std::any_of(fused.begin(), fused.end(),
                                    [](const auto& each) { return each.second->has_hooks(); });
    return hooked ? nullptr : &fusion;
  }
  return nullptr;
}

}  // namespace gradus::nn
