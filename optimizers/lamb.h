// LAMB: Adam's direction, each parameter with a rate by its own norm (You et al.,
// arXiv:1904.00962).
#pragma once

#include "framework/train/optimizer_of.h"

namespace gradus::optim {

struct LAMBOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-6;
  double weight_decay = 1e-2;

  void describe(OptionReader& o) {
    o("lr", lr, "learning rate", {.min = 0});
    o("betas", betas, "decay of the means of gradients and of squares", {.min = 0, .below = 1});
    o("eps", eps, "added to the denominator", {.min = 0});
    o("weight_decay", weight_decay, "pull of the weights towards 0", {.min = 0});
  }
};

/// Algorithm 2 of the paper, at step t, with the identity for its function phi, and its defaults:
///   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
///   u = m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + weight_decay * w
///   w -= lr * |w| / |u| * u          the norms are those of the whole parameter
/// The ratio of the norms is 1 where one of them is 0. They are summed in double.
class LAMB : public OptimizerOf<LAMBOptions> {
 public:
  using OptimizerOf::OptimizerOf;
  [[nodiscard]] const char* type_name() const override { return "LAMB"; }

 protected:
  [[nodiscard]] const char* step_name() const override { return "LAMB.step"; }
  ElementLoop loop_of(const Tensor& parameter, const Tensor& gradient, ParameterState& state,
                      const LAMBOptions& options) override;
  void before_loops() override;
  void clear() override;

 private:
  struct Whole {
    Tensor w;
    Tensor g;
    Tensor mean;
    Tensor square;
    LAMBOptions options;
    double step = 0;
    double ratio = 1;
  };
  // A stretch of a parameter, fixed by its size alone.
  struct Block {
    std::size_t parameter;
    std::int64_t begin;
    std::int64_t end;
    double weights = 0;  // sums of squares
    double updates = 0;
  };
  static void take_in_gradient(const Whole& whole, Block& block);

  std::vector<Whole> wholes_;  // the parameters of this step
  std::vector<Block> blocks_;
};

extern template class GroupedOptimizer<LAMBOptions>;
extern template class OptimizerOf<LAMBOptions>;

}  // namespace gradus::optim
