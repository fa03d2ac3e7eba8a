// Losses that ask for a margin: of a score over others, or between distances.
#include "framework/nn/class_labels.h"
#include "framework/nn/composed_loss.h"
#include "framework/nn/registered_loss.h"
#include "framework/ops/activation.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/indexing.h"
#include "framework/ops/pointwise.h"
#include "framework/ops/selection.h"
#include "framework/ops/statistics.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

// The p-norm of a - b + eps along the last dim.
Tensor pairwise_distance(const Tensor& a, const Tensor& b, double p, double eps) {
  return norm(a - b + eps, p, {-1});
}

struct HingeEmbeddingLoss {
  static constexpr OpInfo kInfo{
      .name = "hinge_embedding_loss",
      .doc = "input where the target is 1, max(0, margin - input) where it is -1, then reduced."};
  static Samples samples() {
    const auto with = [](Reduction reduction) {
      return [=](Inputs in) {
        return hinge_embedding_loss(in[0], tensor({1, -1, -1, 1}), 0.5, reduction);
      };
    };
    return {.good = {{{sample({4}, -1, 0.3)}, with(Reduction::Mean)},
                     {{sample({4}, 0.7, 2)}, with(Reduction::Sum)},
                     {{sample({4}, -1, 0.3)}, with(Reduction::None)}},
            .bad = {{{sample({3})}, with(Reduction::Mean), "differ in shape"}}};
  }
};

struct MultiMarginLoss {
  static constexpr OpInfo kInfo{
      .name = "multi_margin_loss",
      .doc =
          "The mean over the other classes of max(0, margin - input[target] + input)^p, reduced."};
  static Samples samples() {
    const auto with = [](const NestedNumbers& labels, const MultiMarginOptions& options = {}) {
      return [=](Inputs in) { return multi_margin_loss(in[0], tensor(labels), options); };
    };
    const Tensor weight = tensor({0.5, 2.0, 1.0, 0.25}, kFloat64);
    const auto scores = [] {  // no two of them are the margin apart
      return tensor({{0.1, 0.8, 0.3, -0.6}, {-2.0, 1.0, 0.25, 1.5}}, kFloat64);
    };
    return {.good = {{{scores()}, with({0, 3})},
                     {{scores()[1]}, with(2)},
                     {{scores()}, with({2, 1}, {.p = 2, .reduction = Reduction::Sum})},
                     {{scores()}, with({1, 0}, {.margin = 0.4, .weight = weight})},
                     {{scores()}, with({1, 0}, {.p = 2, .reduction = Reduction::None})}},
            .bad = {{{scores()}, with({0, 4}), "label 4 is outside [0, 4)"},
                    {{scores()}, with({0, -100}), "label -100 is outside [0, 4)"},
                    {{scores()}, with({0}), "needs input [N, C]"},
                    {{sample({1, 2, 1})}, with({0}), "needs input [N, C] or [C]"},
                    {{scores()}, with({0, 3}, {.p = 3}), "p must be 1 or 2, got 3"}}};
  }
};

struct SoftMarginLoss {
  static constexpr OpInfo kInfo{.name = "soft_margin_loss",
                                .doc = "log(1 + exp(-target * input)), then reduced.",
                                .inputs = 2};
  static Samples samples() {
    const auto with = [](Reduction reduction) {
      return [=](Inputs in) { return soft_margin_loss(in[0], in[1], reduction); };
    };
    return {.good = {{{sample({3, 4}, -3, 3), sample({3, 4})}, with(Reduction::Mean)},
                     {{sample({3}, -3, 3), sample({3})}, with(Reduction::Sum)},
                     {{sample({2, 2}, -3, 3), sample({2, 2})}, with(Reduction::None)}},
            .bad = {{{sample({3}), sample({4})}, with(Reduction::Mean), "differ in shape"}}};
  }
};

struct CosineEmbeddingLoss {
  static constexpr OpInfo kInfo{
      .name = "cosine_embedding_loss",
      .doc = "1 - cos(x1, x2) where the target is 1, max(0, cos - margin) where it is -1, reduced.",
      .inputs = 2};
  static Samples samples() {
    const auto with = [](const NestedNumbers& target, double margin, Reduction reduction) {
      return [=](Inputs in) {
        return cosine_embedding_loss(in[0], in[1], tensor(target), margin, reduction);
      };
    };
    const std::vector rows = {sample({3, 4}, 0.5, 1), sample({3, 4}, 0.5, 1)};
    return {.good = {{rows, with({1, -1, 1}, 0, Reduction::Mean)},
                     {rows, with({-1, -1, 1}, 0.2, Reduction::None)},
                     {rows, with({-1, 1, 1}, 1.5, Reduction::Sum)},
                     {{sample({5}), sample({5})}, with(1, 0, Reduction::Mean)}},
            .bad = {{rows, with({1, -1}, 0, Reduction::Mean), "needs inputs [N, D] and target [N]"},
                    {{sample({3, 4}), sample({3, 5})},
                     with({1, 1, 1}, 0, Reduction::Mean),
                     "differ in shape"}}};
  }
};

struct TripletMarginLoss {
  static constexpr OpInfo kInfo{
      .name = "triplet_margin_loss",
      .doc = "max(0, margin + |anchor - positive| - |anchor - negative|), by rows, then reduced.",
      .inputs = 3};
  static Samples samples() {
    const auto with = [](const TripletMarginOptions& options) {
      return [=](Inputs in) { return triplet_margin_loss(in[0], in[1], in[2], options); };
    };
    const auto inputs = [](const Shape& sizes) {
      return std::vector{sample(sizes, -1, 0), sample(sizes, 0.2, 1), sample(sizes, 1.2, 2)};
    };
    return {.good = {{inputs({3, 4}), with({.margin = 9})},
                     {inputs({4}), with({.margin = 9, .p = 3, .reduction = Reduction::Sum})},
                     {inputs({3, 4}), with({.margin = 9, .swap = true})},
                     {inputs({2, 4}), with({.p = 1, .reduction = Reduction::None})}},
            .bad = {{{sample({3}), sample({4}), sample({3})}, with({}), "differ in shape"},
                    {{sample({}), sample({}), sample({})}, with({}), "needs rows"}}};
  }
};

const RegisterOps<HingeEmbeddingLoss, MultiMarginLoss, SoftMarginLoss, CosineEmbeddingLoss,
                  TripletMarginLoss>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor hinge_embedding_loss(const Tensor& input, const Tensor& target, double margin,
                            Reduction reduction, Location at) {
  return ops::compose("hinge_embedding_loss", at, [&] {
    ops::check_same_shape("input", input, "target", target);
    const Tensor x = ops::for_loss(input);
    const Tensor far = where(target != 1, clamp_min(margin - x, 0), 0);
    return ops::reduced(far + where(target != -1, x, 0), reduction);
  });
}

Tensor multi_margin_loss(const Tensor& input, const Tensor& target,
                         const MultiMarginOptions& options, Location at) {
  return ops::compose("multi_margin_loss", at, [&] {
    const Tensor x = ops::for_loss(input);
    if (options.p != 1 && options.p != 2) {
      throw ValueError("p must be 1 or 2, got " + std::to_string(options.p));
    }
    if (x.dim() > 2) throw ShapeError("needs input [N, C] or [C], got " + to_string(x.sizes()));
    ops::check_class_labels(target, x, options.weight, {});
    const int dim = ops::class_dim(x);
    const Tensor labels = unsqueeze(target, dim);
    Tensor losses = relu(x - gather(x, dim, labels) + options.margin);
    if (options.p == 2) losses = square(losses);
    if (options.weight.defined()) {
      losses = losses * ops::weights_of_labels(options.weight, labels, x.dtype());
    }
    losses = where(ne(arange(x.size(dim)), labels), losses, 0);
    return ops::reduced(sum(losses, {dim}) / x.size(dim), options.reduction);
  });
}

Tensor soft_margin_loss(const Tensor& input, const Tensor& target, Reduction reduction,
                        Location at) {
  return ops::compose("soft_margin_loss", at, [&] {
    ops::check_same_shape("input", input, "target", target);
    const Tensor agreement = ops::for_loss(target) * ops::for_loss(input);
    return ops::reduced(-logsigmoid(agreement), reduction);
  });
}

Tensor cosine_embedding_loss(const Tensor& input1, const Tensor& input2, const Tensor& target,
                             double margin, Reduction reduction, Location at) {
  return ops::compose("cosine_embedding_loss", at, [&] {
    ops::check_same_shape("input1", input1, "input2", input2);
    Shape rows = input1.sizes();
    if (!rows.empty()) rows.erase(rows.size() - 1);
    if (input1.dim() < 1 || input1.dim() > 2 || !(target.sizes() == rows)) {
      throw ShapeError("needs inputs [N, D] and target [N], or [D] and [], got " +
                       to_string(input1.sizes()) + " and " + to_string(target.sizes()));
    }
    constexpr float kEps = 1e-12F;  // for rows of zeros; in double, too, PyTorch's float
    const Tensor a = ops::for_loss(input1);
    const Tensor b = ops::for_loss(input2);
    const Tensor lengths = sqrt(sum(square(a), {-1}) + kEps) * sqrt(sum(square(b), {-1}) + kEps);
    const Tensor cosine = sum(a * b, {-1}) / lengths;
    const Tensor alike = where(target == 1, 1 - cosine, 0);
    return ops::reduced(alike + where(target == -1, clamp_min(cosine - margin, 0), 0), reduction);
  });
}

Tensor triplet_margin_loss(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                           const TripletMarginOptions& options, Location at) {
  return ops::compose("triplet_margin_loss", at, [&] {
    ops::check_same_shape("anchor", anchor, "positive", positive);
    ops::check_same_shape("anchor", anchor, "negative", negative);
    if (anchor.dim() == 0) throw ShapeError("needs rows, got anchor []");
    const Tensor a = ops::for_loss(anchor);
    const Tensor near = ops::for_loss(positive);
    const Tensor far = ops::for_loss(negative);
    const auto distance = [&](const Tensor& x, const Tensor& y) {
      return ops::pairwise_distance(x, y, options.p, options.eps);
    };
    Tensor to_negative = distance(a, far);
    if (options.swap) to_negative = minimum(to_negative, distance(near, far));
    const Tensor excess = distance(a, near) - to_negative + options.margin;
    return ops::reduced(clamp_min(excess, 0), options.reduction);
  });
}

namespace nn {
namespace {

struct MultiMarginSettings : ReductionOptions {
  std::int64_t p = 1;
  double margin = 1;
  std::vector<double> weight;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("p", p, "the power of what falls short of the margin", {.min = 1, .max = 2});
    o("margin", margin, "by which the label's score should exceed the others");
    o("weight", weight, "of each class; by default all count alike", {.min = 0});
  }
};

const bool kRegistered = register_loss<MultiMarginSettings>(
    "multi_margin", "the multi-class hinge: max(0, margin - output[label] + output)^p",
    Targets::Labels, [](const MultiMarginSettings& o) {
      const MultiMarginOptions options = {.p = static_cast<int>(o.p),
                                          .margin = o.margin,
                                          .weight = ops::class_weight(o.weight),
                                          .reduction = o.value()};
      return [=](const Tensor& output, const Tensor& target) {
        return multi_margin_loss(output, target, options);
      };
    });

}  // namespace
}  // namespace nn
}  // namespace gradus
