// Adam (Kingma and Ba, arXiv:1412.6980) and AdamW (Loshchilov and Hutter, arXiv:1711.05101).
#pragma once

#include "framework/train/optimizer.h"

namespace gradus::optim {

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;

  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("betas", betas, "decay of the means of gradients and of squares", {.min = 0, .below = 1});
    o("eps", eps, "added to the denominator", {.min = 0});
    o("weight_decay", weight_decay, "pull of the weights towards 0", {.min = 0});
    o("amsgrad", amsgrad, "divide by the largest mean of squares so far");
  }
};

/// One parameter's step. `decoupled`: the decay shrinks the weight itself, as in AdamW.
void adam_update(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                 const AdamOptions& options, bool decoupled);

/// As torch.optim.Adam; the weight decay is an L2 penalty, added to the gradient:
///   g += weight_decay * w;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///   w -= lr * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
class Adam : public OptimizerOf<AdamOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "Adam"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "Adam.step"; }
  void update(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
              const AdamOptions& options) override {
    adam_update(parameter, gradient, state, options, false);
  }
};

/// AdamOptions with a weight decay of 0.01.
struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;

  [[nodiscard]] AdamOptions as_adam() const { return {lr, betas, eps, weight_decay, amsgrad}; }
  void describe(OptionReader& o) {
    AdamOptions all = as_adam();
    all.describe(o);
    *this = {all.lr, all.betas, all.eps, all.weight_decay, all.amsgrad};
  }
};

/// As torch.optim.AdamW: w *= 1 - lr * weight_decay, then Adam's step without the penalty.
class AdamW : public OptimizerOf<AdamWOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "AdamW"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "AdamW.step"; }
  void update(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
              const AdamWOptions& options) override {
    adam_update(parameter, gradient, state, options.as_adam(), true);
  }
};

}  // namespace gradus::optim
