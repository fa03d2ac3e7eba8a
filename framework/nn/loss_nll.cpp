// The negative log-likelihood of class labels.
#include "framework/nn/class_labels.h"
#include "framework/nn/composed_loss.h"
#include "framework/nn/registered_loss.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/indexing.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/selection.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

struct NllLoss {
  static constexpr OpInfo kInfo{
      .name = "nll_loss", .doc = "-input[target] of log-probabilities, weighed, then reduced."};
  static Samples samples() {
    const auto with = [](const NestedNumbers& labels, const NllLossOptions& options = {}) {
      return [=](Inputs in) { return nll_loss(in[0], tensor(labels), options); };
    };
    const Tensor weight = tensor({0.5, 2.0, 1.0, 0.25}, kFloat64);
    const NestedNumbers pixels = {{{0, 3}, {1, 2}}, {{-100, 1}, {3, 3}}};
    const auto log_shares = [](const Shape& sizes) { return sample(sizes, -3, 0); };
    return {
        .good = {{{log_shares({3, 4})}, with({0, 3, 1})},
                 {{log_shares({4})}, with(2)},
                 {{log_shares({3, 4})}, with({0, -100, 1}, {.reduction = Reduction::Sum})},
                 {{log_shares({2, 4, 2, 2})}, with(pixels, {.weight = weight})},
                 {{log_shares({3, 4})},
                  with({0, -1, 1},
                       {.weight = weight, .ignore_index = -1, .reduction = Reduction::None})}},
        .bad = {{{sample({2, 3})}, with({0}), "needs input [N, C]"},
                {{sample({2, 3})}, with({0, 3}), "label 3 is outside [0, 3)"},
                {{sample({2, 3})}, with({0.0, 1.0}), "class labels (int64)"},
                {{sample({2, 3})}, with({0, 1}, {.weight = weight}), "a weight for each of 3"}}};
  }
};

const RegisterOps<NllLoss> kRegistered;

}  // namespace
}  // namespace ops

Tensor nll_loss(const Tensor& input, const Tensor& target, const NllLossOptions& options,
                Location at) {
  return ops::compose("nll_loss", at, [&] {
    const Tensor x = ops::for_loss(input);
    ops::check_class_labels(target, x, options.weight, options.ignore_index);
    const int dim = ops::class_dim(x);
    const Tensor counts = ne(target, options.ignore_index);
    const Tensor labels = where(counts, target, 0);
    Tensor weights = counts.to(x.dtype());
    if (options.weight.defined()) {
      weights = weights * ops::weights_of_labels(options.weight, labels, x.dtype());
    }
    const Tensor own = squeeze(gather(x, dim, unsqueeze(labels, dim)), dim);
    const Tensor losses = where(counts, -own * weights, 0);
    if (options.reduction != Reduction::Mean) return ops::reduced(losses, options.reduction);
    return sum(losses) / sum(weights);
  });
}

namespace nn {
namespace {

struct NllSettings : ReductionOptions {
  std::int64_t ignore_index = -100;
  std::vector<double> weight;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("ignore_index", ignore_index, "examples of this label count for nothing");
    o("weight", weight, "of each class; by default all count alike", {.min = 0});
  }
};

const bool kRegistered = register_loss<NllSettings>(
    "nll", "-output[label] of log-probabilities (log_softmax), for classification", Targets::Labels,
    [](const NllSettings& o) {
      const NllLossOptions options = {.weight = ops::class_weight(o.weight),
                                      .ignore_index = o.ignore_index,
                                      .reduction = o.value()};
      return [=](const Tensor& output, const Tensor& target) {
        return nll_loss(output, target, options);
      };
    },
    [](const NllSettings& o) {
      return LossTraits{.has_probabilities = true,
                        .predicted = [](const Tensor& output) { return exp(output); },
                        .weight =
                            [weight = o.weight, ignored = o.ignore_index](const Tensor& target) {
                              return ops::weight_of_labels(target, weight, ignored);
                            }};
    });

}  // namespace
}  // namespace nn
}  // namespace gradus
