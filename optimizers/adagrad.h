// Adagrad (Duchi, Hazan and Singer, JMLR 12, 2011).
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;

  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("lr_decay", lr_decay, "how much it sinks: after n steps to lr / (1 + n lr_decay)",
      {.min = 0});
    o("weight_decay", weight_decay, "L2 penalty, added to the gradient", {.min = 0});
    o("initial_accumulator_value", initial_accumulator_value, "sum of squares to start with",
      {.min = 0});
    o("eps", eps, "added to the denominator", {.min = 0});
  }
};

/// As torch.optim.Adagrad, at step t:
///   g += weight_decay * w;  s += g^2;  w -= lr / (1 + (t - 1) lr_decay) * g / (sqrt(s) + eps)
/// where s is initial_accumulator_value at first.
class Adagrad : public OptimizerOf<AdagradOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "Adagrad"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "Adagrad.step"; }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const AdagradOptions& options) override;
};

extern template class GroupedOptimizer<AdagradOptions>;
extern template class OptimizerOf<AdagradOptions>;

}  // namespace gradus::optim
