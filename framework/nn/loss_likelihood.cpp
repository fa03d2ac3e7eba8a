// Losses of distributions: the divergence of one from another, and negative log-likelihoods.
#include "framework/nn/composed_loss.h"
#include "framework/nn/registered_loss.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/selection.h"
#include "framework/ops/special.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

constexpr double kHalfLogTwoPi = 0.91893853320467274178;  // log(2 pi) / 2

// Stirling's approximation of log(y!) where y > 1, else 0.
Tensor log_factorial(const Tensor& y) {
  const Tensor is_large = y > 1;
  const Tensor large = where(is_large, y, 2);  // 0 would have a gradient of NaN
  return where(is_large, (large + 0.5) * log(large) - large + kHalfLogTwoPi, 0);
}

// The variance in a shape that broadcasts to x, at least eps; where it is raised to that, its
// gradient is the one at eps.
Tensor bounded_variance(const Tensor& variance, const Tensor& x, double eps) {
  Shape one_for_all = x.sizes();
  if (!one_for_all.empty()) one_for_all[one_for_all.size() - 1] = 1;
  Tensor v = variance;
  if (v.dim() + 1 == x.dim()) v = unsqueeze(v, -1);
  if (!(v.sizes() == x.sizes()) && !(v.sizes() == one_for_all)) {
    throw ShapeError("var has shape " + to_string(variance.sizes()) + ", input " +
                     to_string(x.sizes()) + "; needs the same, or one variance for the last dim");
  }
  const Tensor values = v.detach();
  if (any(values < 0).item<bool>()) throw ValueError("var has negative elements");
  return v - (values - clamp_min(values, eps));
}

struct KlDiv {
  static constexpr OpInfo kInfo{
      .name = "kl_div",
      .doc = "target * (log(target) - input) of log-probabilities, then reduced.",
      .inputs = 2};
  static Samples samples() {
    const auto with = [](KlDivReduction reduction, bool log_target = false) {
      return [=](Inputs in) { return kl_div(in[0], in[1], {reduction, log_target}); };
    };
    const auto inputs = [](const Shape& sizes, double low, double high) {
      return std::vector{sample(sizes, -3, 0), sample(sizes, low, high)};
    };
    using R = KlDivReduction;
    return {.good = {{inputs({3, 4}, 0.1, 1), with(R::Mean)},
                     {inputs({3, 4}, 0.1, 1), with(R::BatchMean)},
                     {inputs({3}, -3, 0), with(R::Sum, true)},
                     {inputs({2, 2}, -3, 0), with(R::None, true)}},
            .bad = {{{sample({3}), sample({4})}, with(R::Mean), "differ in shape"},
                    {{sample({}), sample({}, 0, 1)}, with(R::BatchMean), "needs a batch"}}};
  }
};

struct PoissonNllLoss {
  static constexpr OpInfo kInfo{
      .name = "poisson_nll_loss",
      .doc = "-log of the Poisson probability of the target, at a rate or its log, then reduced.",
      .inputs = 2};
  static Samples samples() {
    const auto with = [](const PoissonNllOptions& options) {
      return [=](Inputs in) { return poisson_nll_loss(in[0], in[1], options); };
    };
    const auto inputs = [](double low) {
      return std::vector{sample({3, 4}, low, 2), sample({3, 4}, 1.5, 5)};
    };
    const std::vector few = {sample({5}), sample({5}, 0, 0.9)};
    return {.good = {{inputs(-1), with({})},
                     {inputs(0.5), with({.log_input = false, .reduction = Reduction::Sum})},
                     {inputs(-1), with({.full = true, .reduction = Reduction::None})},
                     {few, with({.full = true})}},
            .bad = {{{sample({3}), sample({4})}, with({}), "differ in shape"}}};
  }
};

struct GaussianNllLoss {
  static constexpr OpInfo kInfo{
      .name = "gaussian_nll_loss",
      .doc = "-log of the normal density of the target, at a mean and a variance, then reduced.",
      .inputs = 3};
  static Samples samples() {
    const auto with = [](const GaussianNllOptions& options) {
      return [=](Inputs in) { return gaussian_nll_loss(in[0], in[1], in[2], options); };
    };
    const auto inputs = [](const Shape& of_variance) {
      return std::vector{sample({3, 4}), sample({3, 4}), sample(of_variance, 0.5, 2)};
    };
    return {.good = {{inputs({3, 4}), with({})},
                     {inputs({3}), with({.full = true, .reduction = Reduction::Sum})},
                     {inputs({3, 1}), with({.reduction = Reduction::None})}},
            .bad = {{{sample({3}), sample({4}), sample({3}, 0.5, 2)}, with({}), "differ in shape"},
                    {inputs({4}), with({}), "one variance for the last dim"},
                    {{sample({2}), sample({2}), tensor({1.0, -1.0})}, with({}), "negative"}}};
  }
};

const RegisterOps<KlDiv, PoissonNllLoss, GaussianNllLoss> kRegistered;

}  // namespace
}  // namespace ops

Tensor kl_div(const Tensor& input, const Tensor& target, const KlDivOptions& options, Location at) {
  return ops::compose("kl_div", at, [&] {
    ops::check_same_shape("input", input, "target", target);
    const Tensor x = ops::for_loss(input);
    const Tensor y = ops::for_loss(target);
    const Tensor losses = options.log_target ? exp(y) * (y - x) : xlogy(y, y) - y * x;
    switch (options.reduction) {
      case KlDivReduction::BatchMean:
        if (x.dim() == 0) throw ShapeError("the mean over a batch needs a batch, got input []");
        return sum(losses) / std::max<std::int64_t>(x.size(0), 1);
      case KlDivReduction::Mean:
        return mean(losses);
      case KlDivReduction::Sum:
        return sum(losses);
      case KlDivReduction::None:
        break;
    }
    return losses;
  });
}

Tensor poisson_nll_loss(const Tensor& input, const Tensor& target, const PoissonNllOptions& options,
                        Location at) {
  return ops::compose("poisson_nll_loss", at, [&] {
    ops::check_same_shape("input", input, "target", target);
    const Tensor x = ops::for_loss(input);
    const Tensor y = ops::for_loss(target);
    Tensor losses = options.log_input ? exp(x) - y * x : x - y * log(x + options.eps);
    if (options.full) losses = losses + ops::log_factorial(y);
    return ops::reduced(losses, options.reduction);
  });
}

Tensor gaussian_nll_loss(const Tensor& input, const Tensor& target, const Tensor& var,
                         const GaussianNllOptions& options, Location at) {
  return ops::compose("gaussian_nll_loss", at, [&] {
    ops::check_same_shape("input", input, "target", target);
    if (!(options.eps > 0)) throw ValueError("eps must be positive");
    const Tensor x = ops::for_loss(input);
    const Tensor v = ops::bounded_variance(ops::for_loss(var), x, options.eps);
    Tensor losses = (log(v) + square(x - ops::for_loss(target)) / v) * 0.5;
    if (options.full) losses = losses + ops::kHalfLogTwoPi;
    return ops::reduced(losses, options.reduction);
  });
}

namespace nn {
namespace {

struct KlDivSettings {
  std::string reduction = "mean";
  bool log_target = false;
  void describe(OptionReader& o) {
    o("reduction", reduction,
      "how the losses become one; batchmean: their sum over the examples, the divergence itself",
      {"mean", "sum", "batchmean"});
    o("log_target", log_target, "whether targets are log-probabilities");
  }
  [[nodiscard]] KlDivReduction value() const {
    if (reduction == "batchmean") return KlDivReduction::BatchMean;
    return reduction == "sum" ? KlDivReduction::Sum : KlDivReduction::Mean;
  }
};

struct PoissonSettings : ReductionOptions {
  PoissonNllOptions options;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("log_input", options.log_input, "whether the output is the log of the rate");
    o("full", options.full, "whether the part that depends on the target alone is added");
    o("eps", options.eps, "added to a rate that is no log", {.above = 0});
  }
};

Tensor exponential(const Tensor& output) {
  return exp(output);
}

const bool kRegistered[] = {
    register_loss<KlDivSettings>(
        "kl_div", "target * (log(target) - output) of log-probabilities", Targets::Values,
        [](const KlDivSettings& o) {
          return [options = KlDivOptions{o.value(), o.log_target}](const Tensor& output,
                                                                   const Tensor& target) {
            return kl_div(output, target, options);
          };
        },
        [](const KlDivSettings& o) {
          LossTraits traits;
          if (!o.log_target) traits.predicted = exponential;
          return traits;
        }),
    register_loss<PoissonSettings>(
        "poisson_nll", "-log of the Poisson probability of the target, for counts", Targets::Values,
        [](const PoissonSettings& o) {
          PoissonNllOptions options = o.options;
          options.reduction = o.value();
          return [=](const Tensor& output, const Tensor& target) {
            return poisson_nll_loss(output, target, options);
          };
        },
        [](const PoissonSettings& o) {
          LossTraits traits;
          if (o.options.log_input) traits.predicted = exponential;
          return traits;
        }),
};

}  // namespace
}  // namespace nn
}  // namespace gradus
