// NAdam: Adam with Nesterov's momentum (Dozat, ICLR workshop 2016).
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct NAdamOptions {
  double lr = 2e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum_decay = 4e-3;

  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("betas", betas, "decay of the means of gradients and of squares", {.min = 0, .below = 1});
    o("eps", eps, "added to the denominator", {.min = 0});
    o("weight_decay", weight_decay, "L2 penalty, added to the gradient", {.min = 0});
    o("momentum_decay", momentum_decay, "how soon the momentum comes to its full strength",
      {.min = 0});
  }
};

/// As torch.optim.NAdam, at step t, where p(t) is the product of mu(1) to mu(t):
///   g += weight_decay * w;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///   mu(t) = b1 (1 - 0.5 * 0.96^(t * momentum_decay))
///   w -= lr ((1 - mu(t)) / (1 - p(t)) g + mu(t + 1) / (1 - p(t + 1)) m)
///           / (sqrt(v / (1 - b2^t)) + eps)
/// PyTorch keeps p(t) in float32 unless the default dtype is float64; here it is a double. (Before
/// 2.0, without foreach, it had mu(t) in p(t + 1) twice.)
class NAdam : public OptimizerOf<NAdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "NAdam"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "NAdam.step"; }
  [[nodiscard]] bool is_number(std::string_view slot) const override {
    return slot == "mu_product";
  }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const NAdamOptions& options) override;
};

extern template class GroupedOptimizer<NAdamOptions>;
extern template class OptimizerOf<NAdamOptions>;

}  // namespace gradus::optim
