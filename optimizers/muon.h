// Muon: momentum, orthogonalised by Newton and Schulz's iteration, for the matrices inside a
// network (Jordan et al., kellerjordan.github.io/posts/muon); AdamW for the rest.
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct MuonOptions {
  double lr = 1e-3;
  double weight_decay = 0.1;
  double momentum = 0.95;
  bool nesterov = true;
  double eps = 1e-7;
  std::int64_t ns_steps = 5;
  std::string adjust_lr_fn = "original";
  bool use_muon = true;
  double adamw_lr = 3e-4;
  std::array<double, 2> adamw_betas = {0.9, 0.95};
  double adamw_eps = 1e-10;
  double adamw_weight_decay = 0;

  static constexpr std::array<double MuonOptions::*, 2> learning_rates() {
    return {&MuonOptions::lr, &MuonOptions::adamw_lr};
  }
  static constexpr std::array<double MuonOptions::*, 2> weight_decays() {
    return {&MuonOptions::weight_decay, &MuonOptions::adamw_weight_decay};
  }
  void describe(OptionReader& o) {
    o("lr", lr, "learning rate of matrices", {.min = 0});
    o("weight_decay", weight_decay, "pull of matrices towards 0", {.min = 0});
    o("momentum", momentum, "decay of the mean of gradients", {.min = 0, .below = 1});
    o("nesterov", nesterov, "look ahead along the momentum");
    o("eps", eps, "least norm that an update is divided by", {.min = 0});
    o("ns_steps", ns_steps, "steps of Newton and Schulz", {.min = 1, .max = 99});
    o("adjust_lr_fn", adjust_lr_fn,
      "how the shape [a, b] scales lr; original: sqrt(max(1, a / b)); match_rms_adamw: 0.2 "
      "sqrt(max(a, b)), for the lr and weight_decay of AdamW",
      {"original", "match_rms_adamw"});
    o("use_muon", use_muon, "false: matrices go by AdamW too, as embeddings and heads should");
    o("adamw_lr", adamw_lr, "learning rate of what goes by AdamW", {.min = 0});
    o("adamw_betas", adamw_betas, "its decay of the means of gradients and of squares",
      {.min = 0, .below = 1});
    o("adamw_eps", adamw_eps, "added to its denominator", {.min = 0});
    o("adamw_weight_decay", adamw_weight_decay, "its pull of the weights towards 0", {.min = 0});
  }
};

/// Parameters [a, b], where use_muon holds, as by torch.optim.Muon:
///   m = momentum m + (1 - momentum) g;  u = nesterov ? momentum m + (1 - momentum) g : m
///   x = u / max(|u|, eps);  ns_steps times: x = 3.4445 x + (-4.7750 x x^T + 2.0315 (x x^T)^2) x
///   w = (1 - lr * weight_decay) w - lr * (see adjust_lr_fn) * x
/// so x is near to the orthogonal matrix nearest to u: its singular values lie about 1. Products
/// are in float32 (float64 for weights of it), where torch has bfloat16.
/// All other parameters go by AdamW with the adamw_ options, whose defaults are those of
/// MuonWithAuxAdam in github.com/KellerJordan/Muon. Embeddings and heads are matrices too; a group
/// leaves them to AdamW:
///   {"type": "muon", "lr": 0.02, "groups": [{"match": "head.*", "use_muon": false}]}
class Muon : public OptimizerOf<MuonOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "Muon"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "Muon.step"; }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const MuonOptions& options) override;
  void before_loops() override;
  void clear() override;

 private:
  struct Matrix {
    Tensor gradient;
    Tensor momentum;
    MuonOptions options;
    Tensor update;  // x
  };
  static Tensor update_of(const Matrix& matrix);

  std::vector<Matrix> matrices_;  // of this step
};

extern template class GroupedOptimizer<MuonOptions>;
extern template class OptimizerOf<MuonOptions>;

}  // namespace gradus::optim
