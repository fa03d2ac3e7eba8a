// RMSprop (Hinton, Neural Networks for Machine Learning, lecture 6e), also centered (Graves,
// arXiv:1308.0850).
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct RMSpropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;

  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("alpha", alpha, "decay of the mean of squares", {.min = 0, .max = 1});
    o("eps", eps, "added to the denominator", {.min = 0});
    o("weight_decay", weight_decay, "L2 penalty, added to the gradient", {.min = 0});
    o("momentum", momentum, "weight of the past updates", {.min = 0});
    o("centered", centered, "divide by the deviation, not by the root of the mean of squares");
  }
};

/// As torch.optim.RMSprop:
///   g += weight_decay * w;  v = alpha v + (1 - alpha) g^2;  m = alpha m + (1 - alpha) g
///   d = g / (sqrt(centered ? v - m^2 : v) + eps);  b = momentum * b + d;  w -= lr * b
/// Where rounding makes v - m^2 less than 0, which is NaN in PyTorch, it counts as 0.
class RMSprop : public OptimizerOf<RMSpropOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "RMSprop"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "RMSprop.step"; }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const RMSpropOptions& options) override;
};

extern template class GroupedOptimizer<RMSpropOptions>;
extern template class OptimizerOf<RMSpropOptions>;

}  // namespace gradus::optim
