// Adadelta (Zeiler, arXiv:1212.5701).
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct AdadeltaOptions {
  double lr = 1;
  double rho = 0.9;
  double eps = 1e-6;
  double weight_decay = 0;

  void describe(OptionReader& o) {
    o("lr", lr, "factor of the update", {.min = 0});
    o("rho", rho, "decay of the means of squares", {.min = 0, .max = 1});
    o("eps", eps, "added to both means of squares", {.min = 0});
    o("weight_decay", weight_decay, "L2 penalty, added to the gradient", {.min = 0});
  }
};

/// As torch.optim.Adadelta:
///   g += weight_decay * w;  v = rho v + (1 - rho) g^2
///   d = g sqrt(u + eps) / sqrt(v + eps);  u = rho u + (1 - rho) d^2;  w -= lr * d
class Adadelta : public OptimizerOf<AdadeltaOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "Adadelta"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "Adadelta.step"; }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const AdadeltaOptions& options) override;
};

extern template class GroupedOptimizer<AdadeltaOptions>;
extern template class OptimizerOf<AdadeltaOptions>;

}  // namespace gradus::optim
