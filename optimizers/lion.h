// Lion: the sign of a momentum (Chen et al., arXiv:2302.06675).
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct LionOptions {
  double lr = 1e-4;
  std::array<double, 2> betas = {0.9, 0.99};
  double weight_decay = 0;

  void describe(OptionReader& o) {
    o("lr", lr, "learning rate: a third to a tenth of AdamW's", {.min = 0});
    o("betas", betas, "weight of the momentum in the update, and its decay",
      {.min = 0, .below = 1});
    o("weight_decay", weight_decay, "pull of the weights towards 0: three to ten times AdamW's",
      {.min = 0});
  }
};

/// Algorithm 2 of the paper, with the defaults of its authors:
///   w -= lr * (sign(b1 m + (1 - b1) g) + weight_decay * w);  m = b2 m + (1 - b2) g
/// The sign of 0 is 0; that of NaN is NaN.
class Lion : public OptimizerOf<LionOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "Lion"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "Lion.step"; }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const LionOptions& options) override;
};

extern template class GroupedOptimizer<LionOptions>;
extern template class OptimizerOf<LionOptions>;

}  // namespace gradus::optim
