// RAdam: Adam with a rectified adaptive rate (Liu et al., arXiv:1908.03265).
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct RAdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;

  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("betas", betas, "decay of the means of gradients and of squares", {.min = 0, .below = 1});
    o("eps", eps, "added to the denominator", {.min = 0});
    o("weight_decay", weight_decay, "L2 penalty, added to the gradient", {.min = 0});
  }
};

/// As torch.optim.RAdam, at step t:
///   g += weight_decay * w;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///   n = 2 / (1 - b2) - 1;  r = n - 2 t b2^t / (1 - b2^t)
///   w -= lr m / (1 - b1^t)                                                        where r <= 5
///   w -= lr m / (1 - b1^t) * sqrt(1 - b2^t) / (sqrt(v) + eps)
///           * sqrt((r - 4) (r - 2) n / ((n - 4) (n - 2) r))                       where r > 5
class RAdam : public OptimizerOf<RAdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "RAdam"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "RAdam.step"; }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const RAdamOptions& options) override;
};

extern template class GroupedOptimizer<RAdamOptions>;
extern template class OptimizerOf<RAdamOptions>;

}  // namespace gradus::optim
