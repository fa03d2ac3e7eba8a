// Adam (Kingma and Ba, arXiv:1412.6980) and AdamW (Loshchilov and Hutter, arXiv:1711.05101).
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

/// Of Adam, and of AdamW, which has another default for the weight decay.
template <bool kDecoupled>
struct AdamOptionsOf {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = kDecoupled ? 1e-2 : 0;
  bool amsgrad = false;

  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("betas", betas, "decay of the means of gradients and of squares", {.min = 0, .below = 1});
    o("eps", eps, "added to the denominator", {.min = 0});
    o("weight_decay", weight_decay, "pull of the weights towards 0", {.min = 0});
    o("amsgrad", amsgrad, "divide by the largest mean of squares so far");
  }
};
using AdamOptions = AdamOptionsOf<false>;
using AdamWOptions = AdamOptionsOf<true>;

/// The loop of a step, which the state has counted: for other optimizers too.
template <bool kDecoupled>
ElementLoop adam_loop(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const AdamOptionsOf<kDecoupled>& options);

/// kDecoupled: the decay shrinks the weight itself (AdamW).
template <bool kDecoupled>
class AdamOf : public OptimizerOf<AdamOptionsOf<kDecoupled>> {
 public:
  using OptimizerOf<AdamOptionsOf<kDecoupled>>::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return kDecoupled ? "AdamW" : "Adam"; }

 protected:
  [[nodiscard]] const char* step_name() const override {
    return kDecoupled ? "AdamW.step" : "Adam.step";
  }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const AdamOptionsOf<kDecoupled>& options) override {
    return adam_loop(parameter, gradient, state, options);
  }
};

/// As torch.optim.Adam; the weight decay is an L2 penalty, added to the gradient:
///   g += weight_decay * w;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///   w -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
using Adam = AdamOf<false>;
/// As torch.optim.AdamW: w *= 1 - lr * weight_decay, then Adam's step without the penalty.
using AdamW = AdamOf<true>;

extern template class GroupedOptimizer<AdamOptions>;
extern template class OptimizerOf<AdamOptions>;
extern template class GroupedOptimizer<AdamWOptions>;
extern template class OptimizerOf<AdamWOptions>;
extern template class AdamOf<false>;
extern template class AdamOf<true>;

}  // namespace gradus::optim
