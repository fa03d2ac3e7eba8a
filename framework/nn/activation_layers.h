// The activation functions as layers; what each computes stands in ops/activation.h. GELU is in
// transformer.h.
#pragma once

#include "framework/nn/module.h"
#include "framework/tensor/scalar.h"

namespace gradus::nn {

class ReLUImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x.relu(); }
  [[nodiscard]] std::string type_name() const override { return "ReLU"; }
};
using ReLU = Handle<ReLUImpl>;

class SigmoidImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x.sigmoid(); }
  [[nodiscard]] std::string type_name() const override { return "Sigmoid"; }
};
using Sigmoid = Handle<SigmoidImpl>;

class TanhImpl : public Module {
 public:
  Tensor forward(const Tensor& x) override { return x.tanh(); }
  [[nodiscard]] std::string type_name() const override { return "Tanh"; }
};
using Tanh = Handle<TanhImpl>;

}  // namespace gradus::nn
