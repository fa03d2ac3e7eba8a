// L-BFGS: a quasi-Newton method with a memory of few steps (Nocedal, Mathematics of Computation 35,
// 1980), for functions that are the same at every evaluation.
#pragma once

#include "framework/train/optimizer_of.h"

#include <memory>

namespace gradus::optim {

struct LBFGSOptions {
  double lr = 1;
  std::int64_t max_iter = 20;
  std::int64_t max_eval = 0;
  double tolerance_grad = 1e-7;
  double tolerance_change = 1e-9;
  std::int64_t history_size = 100;
  std::string line_search_fn = "none";

  void describe(OptionReader& o) {
    o("lr", lr, "length of a step, or of the first trial of a line search", {.min = 0});
    o("max_iter", max_iter, "iterations per step at most", {.min = 1});
    o("max_eval", max_eval, "evaluations per step after which it ends; 0: 5/4 of max_iter",
      {.min = 0});
    o("tolerance_grad", tolerance_grad, "largest element of a gradient that counts as none",
      {.min = 0});
    o("tolerance_change", tolerance_change, "change of weights or loss that counts as none",
      {.min = 0});
    o("history_size", history_size, "how many changes of the gradient are remembered", {.min = 1});
    o("line_search_fn", line_search_fn, "none: steps of length lr", {"none", "strong_wolfe"});
  }
};

/// As torch.optim.LBFGS: one step is up to max_iter iterations, each with one evaluation of the
/// loss, or some in a line search (framework/train/line_search.h).
///
///   optim::LBFGS optimizer(net->parameters(), {.line_search_fn = "strong_wolfe"});
///   Tensor loss = optimizer.step([&] {
///     optimizer.zero_grad();
///     Tensor value = mse_loss(net(x), y);
///     value.backward();
///     return value;
///   });
///
/// Unlike PyTorch's, a step whose first loss is NaN or infinite changes nothing, and a line search
/// takes such a loss for one that is too high. After a closure that threw, the weights are where an
/// iteration ended, and the memory is that of the step before.
/// There is one group, its parameters all of one dtype and, together, with an element at least;
/// the constructors throw ValueError. Memory: 2 * history_size + 2 numbers an element.
class LBFGS : public GroupedOptimizer<LBFGSOptions> {
 public:
  explicit LBFGS(const nn::StateDict& parameters, const LBFGSOptions& options = {});
  explicit LBFGS(const std::vector<Tensor>& parameters, const LBFGSOptions& options = {});
  ~LBFGS() override;
  void add_param_group(nn::StateDict parameters, const LBFGSOptions& options) = delete;

  /// Throws StateError: it takes a closure.
  void step() override;
  Tensor step(const LossClosure& closure) override;
  [[nodiscard]] bool needs_closure() const override { return true; }
  [[nodiscard]] const char* type_name() const override { return "LBFGS"; }

 protected:
  [[nodiscard]] bool is_number(std::string_view slot) const override;
  void forget() override;

 private:
  class Run;
  struct Memory;

  void check() const;
  // Between states_, where each parameter has its part of all vectors, and memory_.
  void recall();
  void remember();

  std::unique_ptr<Memory> memory_;  // null: states_ have it
};

extern template class GroupedOptimizer<LBFGSOptions>;

}  // namespace gradus::optim
