// The cross-entropies of two outcomes, of probabilities and of logits.
#include "framework/nn/pointwise_loss.h"
#include "framework/nn/registered_loss.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/reduction.h"
#include "framework/ops/selection.h"

namespace gradus {
namespace ops {
namespace {

void check_probabilities(const Tensor& x) {
  if (x.numel() == 0) return;
  for (const double extreme : {amin(x).item<double>(), amax(x).item<double>()}) {
    if (extreme >= 0 && extreme <= 1) continue;
    throw ValueError("input must hold probabilities, in [0, 1], got " + std::to_string(extreme) +
                     "; binary_cross_entropy_with_logits takes any numbers");
  }
}

// max(log(x), -100), with gradient 0 where x is 0.
Tensor bounded_log(const Tensor& x) {
  const Tensor is_positive = x > 0;
  return where(is_positive, clamp_min(log(where(is_positive, x, 1)), -100), -100);
}

struct BinaryCrossEntropy : PointwiseLoss {
  static constexpr OpInfo kInfo{
      .name = "binary_cross_entropy",
      .doc = "-log of input and 1 - input, shared by the target, then reduced.",
      .inputs = 2,
      .floating = true,
      .keeps = true,
      .autocast = AutocastRule::Full,
      .saves = kSaveInput0 | kSaveInput1};

  BinaryCrossEntropy(const Tensor& of_elements, Reduction how)
      : PointwiseLoss{kernels::PointwiseLoss::Bce, how, 0, of_elements} {}
  Tensor forward(Inputs in) {
    check_probabilities(in[0]);
    return PointwiseLoss::forward(in);
  }
  // One pass; under create_graph the same from public ops.
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    if (!GradMode::is_enabled()) return fused(s, g, needs, kInfo.name);
    const Tensor x = s.input(0);
    const Tensor y = s.input(1);
    const Tensor w = unpack_weight(saved_weight, kInfo.name);
    const Tensor slope = (w.defined() ? w * g : g) * factor;
    Gradients gradients = {(x - y) / clamp_min((1 - x) * x, 1e-12F) * slope, Tensor()};
    if (needs[1]) gradients[1] = (bounded_log(1 - x) - bounded_log(x)) * slope;
    return gradients;
  }
  static Samples samples() {
    const auto with = [](Reduction how, const Tensor& of_elements = {}) {
      return [=](Inputs in) { return binary_cross_entropy(in[0], in[1], of_elements, how); };
    };
    const auto inputs = [](const Shape& sizes) {
      return std::vector{sample(sizes, 0.1, 0.9), sample(sizes, 0, 1)};
    };
    const Tensor weights = tensor({0.5, 2.0, 1.0, 0.25}, kFloat64);
    return {.good = {{inputs({3, 4}), with(Reduction::Mean)},
                     {inputs({5}), with(Reduction::Sum)},
                     {inputs({2, 2}), with(Reduction::None)},
                     {inputs({3, 4}), with(Reduction::None, weights)},
                     {inputs({0, 4}), with(Reduction::Sum, weights)}},
            .bad = {{{sample({3}, 0, 1), sample({4})}, with(Reduction::Mean), "differ in shape"},
                    {{tensor({0.5, 1.5}), sample({2})}, with(Reduction::Mean), "got 1.5"},
                    {{tensor({0.5, NAN}), sample({2})}, with(Reduction::Mean), "got nan"},
                    {inputs({3, 3}), with(Reduction::Mean, weights), "expand"}}};
  }
};

struct BinaryCrossEntropyWithLogits : PointwiseLoss {
  static constexpr OpInfo kInfo{
      .name = "binary_cross_entropy_with_logits",
      .doc = "-log of sigmoid(input) and 1 - sigmoid(input), shared by the target, then reduced.",
      .inputs = 2,
      .floating = true,
      .keeps = true,
      .autocast = AutocastRule::Full,
      .saves = kSaveInput0 | kSaveInput1};

  explicit BinaryCrossEntropyWithLogits(const BinaryCrossEntropyOptions& options)
      : PointwiseLoss{kernels::PointwiseLoss::BceWithLogits, options.reduction, 0, options.weight,
                      options.pos_weight} {}
  // One pass; under create_graph the same from public ops.
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    if (!GradMode::is_enabled()) return fused(s, g, needs, kInfo.name);
    const Tensor x = s.input(0);
    const Tensor y = s.input(1);
    const Tensor w = unpack_weight(saved_weight, kInfo.name);
    const Tensor p = unpack_weight(saved_pos_weight, kInfo.name);
    const Tensor slope = (w.defined() ? w * g : g) * factor;
    const Tensor positive = p.defined() ? p * y : y;
    Gradients gradients = {((positive + (1 - y)) * sigmoid(x) - positive) * slope, Tensor()};
    if (needs[1]) {
      gradients[1] = (p.defined() ? (p - 1) * softplus(-x) - x : -x) * slope;
    }
    return gradients;
  }
  static Samples samples() {
    const auto with = [](const BinaryCrossEntropyOptions& options) {
      return [=](Inputs in) { return binary_cross_entropy_with_logits(in[0], in[1], options); };
    };
    const auto inputs = [](const Shape& sizes) {
      return std::vector{sample(sizes, -3, 3), sample(sizes, 0, 1)};
    };
    const Tensor weight = tensor({0.5, 2.0, 1.0, 0.25}, kFloat64);
    return {.good = {{inputs({3, 4}), with({})},
                     {inputs({5}), with({.reduction = Reduction::Sum})},
                     {inputs({2, 2}), with({.reduction = Reduction::None})},
                     {inputs({3, 4}), with({.weight = weight, .reduction = Reduction::None})},
                     {inputs({3, 4}), with({.pos_weight = weight})},
                     {inputs({0, 4}), with({.weight = weight, .reduction = Reduction::Sum})}},
            .bad = {{{sample({3}), sample({4})}, with({}), "differ in shape"},
                    {inputs({3, 3}), with({.weight = weight}), "expand"}}};
  }
};

const RegisterOps<BinaryCrossEntropy, BinaryCrossEntropyWithLogits> kRegistered;

}  // namespace
}  // namespace ops

Tensor binary_cross_entropy(const Tensor& input, const Tensor& target, const Tensor& weight,
                            Reduction reduction, Location at) {
  return ops::apply(ops::BinaryCrossEntropy(weight, reduction), {input, target}, at);
}

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyOptions& options, Location at) {
  return ops::apply(ops::BinaryCrossEntropyWithLogits(options), {input, target}, at);
}

namespace nn {
namespace {

struct LogitSettings : ReductionOptions {
  double pos_weight = 1;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("pos_weight", pos_weight, "weight of target 1 against that of 0", {.min = 0});
  }
};

const bool kRegistered[] = {
    register_loss<ReductionOptions>(
        "binary_cross_entropy",
        "-log of output or of 1 - output, probabilities, for targets 1 and 0", Targets::Values,
        [](const ReductionOptions& o) {
          return [how = o.value()](const Tensor& output, const Tensor& target) {
            return binary_cross_entropy(output, target, {}, how);
          };
        },
        [](const ReductionOptions& /*o*/) { return LossTraits{.has_probabilities = true}; }),
    register_loss<LogitSettings>(
        "binary_cross_entropy_with_logits",
        "-log of sigmoid(output) or of 1 - sigmoid(output), for targets 1 and 0", Targets::Values,
        [](const LogitSettings& o) {
          BinaryCrossEntropyOptions options = {.reduction = o.value()};
          if (o.pos_weight != 1) options.pos_weight = tensor(o.pos_weight);
          return [=](const Tensor& output, const Tensor& target) {
            return binary_cross_entropy_with_logits(output, target, options);
          };
        },
        [](const LogitSettings& /*o*/) {
          return LossTraits{.has_probabilities = true,
                            .predicted = [](const Tensor& output) { return sigmoid(output); }};
        }),
};

}  // namespace
}  // namespace nn
}  // namespace gradus
