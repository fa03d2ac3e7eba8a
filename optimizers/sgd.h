// Stochastic gradient descent, with momentum, dampening, Nesterov's form and weight decay.
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;

  /// Nesterov's form is defined for a momentum without dampening only.
  [[nodiscard]] bool is_sound() const { return !nesterov || (momentum > 0 && dampening == 0); }
  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("momentum", momentum, "weight of the past gradients", {.min = 0, .below = 1});
    o("dampening", dampening, "how much the newest gradient is damped", {.min = 0, .max = 1});
    o("weight_decay", weight_decay, "L2 penalty, added to the gradient", {.min = 0});
    o("nesterov", nesterov, "look ahead along the momentum");
    if (!is_sound()) {
      throw ConfigError(o.path() + "/nesterov", "needs a momentum and no dampening");
    }
  }
};

/// As torch.optim.SGD:  g += weight_decay * w;  b = momentum * b + (1 - dampening) * g (b = g at
/// first);  w -= lr * (nesterov ? g + momentum * b : b). Throws ValueError for nesterov without
/// momentum or with dampening.
class SGD : public OptimizerOf<SGDOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "SGD"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "SGD.step"; }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const SGDOptions& options) override;
};

extern template class GroupedOptimizer<SGDOptions>;
extern template class OptimizerOf<SGDOptions>;

}  // namespace gradus::optim
