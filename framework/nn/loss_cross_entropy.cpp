// The cross-entropy of scores with class labels, or with probabilities of the classes.
#include "framework/kernels/cross_entropy.h"
#include "framework/nn/class_labels.h"
#include "framework/nn/composed_loss.h"
#include "framework/nn/registered_loss.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/comparison.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/indexing.h"
#include "framework/ops/normalization.h"
#include "framework/ops/reduction.h"
#include "framework/ops/selection.h"
#include "framework/ops/shape.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

using autograd::SavedTensor;

Shape without(Shape sizes, int dim) {
  sizes.erase(dim);
  return sizes;
}

// The stride of the leading dims as one; nothing if they, or the classes, lie apart. A transposed
// [N, T, C] is a matrix.
std::optional<std::int64_t> row_stride(const Tensor& last) {
  if (last.size(-1) > 1 && last.stride(-1) != 1) return {};
  std::optional<std::int64_t> innermost;
  std::int64_t expected = 0;
  for (int d = last.dim() - 2; d >= 0; --d) {
    if (last.size(d) == 1) continue;
    if (innermost && last.stride(d) != expected) return {};
    if (!innermost) innermost = last.stride(d);
    expected = last.stride(d) * last.size(d);
  }
  return innermost.value_or(last.size(-1));
}

// The scores as a matrix [rows, classes]; `values` owns its memory.
struct Rows {
  Tensor values;
  kernels::View view;

  explicit Rows(const Tensor& x) : values(x.dim() > 2 ? movedim(x, 1, -1) : x) {
    std::optional<std::int64_t> stride = row_stride(values);
    if (!stride) {
      values = values.contiguous();
      stride = values.size(-1);
    }
    const std::int64_t classes = values.size(-1);
    const Shape sizes = {
        classes == 0 ? without(values.sizes(), values.dim() - 1).numel() : values.numel() / classes,
        classes};
    view = values.raw().with(sizes, {*stride, 1});
  }
};

void check_smoothing(double label_smoothing) {
  if (label_smoothing >= 0 && label_smoothing <= 1) return;
  throw ValueError("label_smoothing must be within [0, 1], got " + std::to_string(label_smoothing));
}

struct CrossEntropy {
  static constexpr OpInfo kInfo{
      .name = "cross_entropy",
      .doc = "-log_softmax(input)[target], weighed and smoothed, then reduced.",
      .floating = true,
      .keeps = true,
      .autocast = AutocastRule::Full,
      .saves = kSaveInput0};
  Tensor target;
  CrossEntropyOptions options;
  SavedTensor saved_target{};
  SavedTensor saved_weight{};
  SavedTensor scales{};
  double factor = 1;

  Tensor forward(Inputs in) {
    const Tensor& x = in[0];
    check(x);
    target = target.contiguous();
    if (options.weight.defined()) options.weight = options.weight.to(x.dtype()).contiguous();
    const Rows rows(x);
    const bool whole = options.reduction != Reduction::None;
    const Tensor losses = whole ? Tensor() : Tensor(target.sizes(), x.dtype());
    const Tensor of_rows({rows.view.sizes[0], 2}, x.dtype() == kFloat64 ? kFloat64 : kFloat32);
    const kernels::CrossEntropySums sums =
        kernels::cross_entropy(whole ? kernels::View() : losses.raw(), of_rows.raw(), rows.view,
                               target.raw(), how(options.weight));
    saved_target = SavedTensor(target);
    if (options.weight.defined()) saved_weight = SavedTensor(options.weight);
    scales = SavedTensor(of_rows);
    target = options.weight = {};
    if (!whole) return losses;
    const bool mean = options.reduction == Reduction::Mean;
    if (mean) factor = sums.weight == 0 ? 0 : 1 / sums.weight;
    const double loss = mean ? sums.loss / sums.weight : sums.loss;
    return kernels::dispatch_floating(x.dtype(),
                                      [&]<class T>(T) { return number(static_cast<T>(loss)); });
  }

  Gradients backward(const Saved& s, const Tensor& g, const Needs&) {
    const Tensor x = s.input(0);
    const Tensor labels = saved_target.unpack({}, kInfo.name);
    const Tensor weight = saved_weight.defined() ? saved_weight.unpack({}, kInfo.name) : Tensor();
    if (GradMode::is_enabled()) return {composite(x, labels, weight, g)};
    const Rows rows(x);
    const Tensor gx(rows.values.sizes(), x.dtype());
    kernels::cross_entropy_grad(gx.raw(), g.contiguous().raw(), factor,
                                scales.unpack({}, kInfo.name).raw(), rows.view, labels.raw(),
                                how(weight));
    return {x.dim() > 2 ? movedim(gx, -1, 1) : gx};
  }
  static Samples samples();

 private:
  void check(const Tensor& x) const {
    check_class_labels(target, x, options.weight, options.ignore_index);
    check_smoothing(options.label_smoothing);
  }

  [[nodiscard]] kernels::CrossEntropy how(const Tensor& weight) const {
    return {.weight = weight.defined() ? weight.raw() : kernels::View(),
            .ignore_index = options.ignore_index,
            .label_smoothing = options.label_smoothing};
  }

  // The same gradient from public ops: (softmax(x) * sum(shares) - shares) * factor * g, with the
  // shares of the classes in each example's label.
  [[nodiscard]] Tensor composite(const Tensor& x, const Tensor& labels, const Tensor& weight,
                                 const Tensor& g) const {
    const int dim = class_dim(x);
    const Tensor counts = ne(labels, options.ignore_index);
    const Tensor counted = counts.to(x.dtype());
    const Tensor index = where(counts, labels, 0);
    Tensor own = counted * (1 - options.label_smoothing);
    if (weight.defined()) own = own * weights_of_labels(weight, index, x.dtype());
    Tensor shares =
        scatter(zeros(x.sizes(), x.dtype()), dim, unsqueeze(index, dim), unsqueeze(own, dim));
    if (options.label_smoothing != 0) {
      Shape sizes = Shape::filled(x.dim(), 1);
      sizes[dim] = x.size(dim);
      const double share = options.label_smoothing / static_cast<double>(x.size(dim));
      const Tensor all = weight.defined() ? weight : ones({x.size(dim)}, x.dtype());
      shares = shares + reshape(all, sizes) * unsqueeze(counted, dim) * share;
    }
    const Tensor slope = g.dim() == 0 ? g : unsqueeze(g, dim);
    return (softmax(x, dim) * sum(shares, {dim}, true) - shares) * (slope * factor);
  }
};

Samples CrossEntropy::samples() {
  const auto with = [](const NestedNumbers& labels, const CrossEntropyOptions& options = {}) {
    return [=](Inputs in) { return cross_entropy(in[0], tensor(labels), options); };
  };
  const Tensor weight = tensor({0.5, 2.0, 1.0, 0.25}, kFloat64);
  const auto reduced = [](Reduction reduction) {
    return CrossEntropyOptions{.reduction = reduction};
  };
  const NestedNumbers pixels = {{{0, 3}, {1, 2}}, {{-100, 1}, {3, 3}}};
  const NestedNumbers all_pixels = {{{0, 3}, {1, 2}}, {{2, 1}, {3, 3}}};
  const auto transposed = [](Inputs in) {
    return cross_entropy(in[0].transpose(1, 2), tensor({{0, 1, 3}, {2, 2, 0}}));
  };
  const auto soft = [](const CrossEntropyOptions& options = {}) {
    return [=](Inputs in) { return cross_entropy(in[0], in[1], options); };
  };
  return {
      .good = {{{sample({3, 4}), sample({3, 4}, 0, 1)}, soft()},
               {{sample({4}), sample({4}, 0, 1)}, soft({.weight = weight})},
               {{sample({3, 4}), sample({3, 4}, 0, 1)},
                soft({.weight = weight, .reduction = Reduction::Sum, .label_smoothing = 0.2})},
               {{sample({2, 4, 3}), sample({2, 4, 3}, 0, 1)},
                soft({.weight = weight, .reduction = Reduction::None})},
               {{sample({3, 4})}, with({0, 3, 1})},
               {{sample({2, 3})}, with({2, 2}, reduced(Reduction::Sum))},
               {{sample({2, 3})}, with({0, 1}, reduced(Reduction::None))},
               {{sample({4})}, with(2)},
               {{sample({2, 3, 4})}, transposed},
               {{sample({2, 4, 2, 2})}, with(pixels)},
               {{sample({2, 4, 2, 2})},
                with(all_pixels, {.weight = weight, .ignore_index = 3, .label_smoothing = 0.2})},
               {{sample({3, 4})}, with({0, 3, 1}, {.label_smoothing = 0.1})},
               {{sample({3, 4})}, with({0, 3, 1}, {.weight = weight, .reduction = Reduction::Sum})},
               {{sample({3, 4})},
                with({0, -1, 1},
                     {.weight = weight, .ignore_index = -1, .reduction = Reduction::None})},
               {{sample({2, 19})}, with({18, 0})}},
      .bad = {
          {{sample({2, 3})}, with({0}), "needs input [N, C]"},
          {{sample({2, 3})}, with({0, 3}), "label 3 is outside [0, 3)"},
          {{sample({2, 3})}, with({0, -1}), "label -1 is outside [0, 3)"},
          {{sample({2, 3})}, with({0.0, 1.0}), "class labels (int64)"},
          {{sample({2, 3})}, with({0, 1}, {.weight = weight}), "a weight for each of 3 classes"},
          {{sample({2, 3})}, with({0, 1}, {.label_smoothing = 2}), "within [0, 1]"},
          {{sample({2, 3}), sample({2, 2})}, soft(), "of the input's shape [2, 3]"},
          {{sample({2, 3}), sample({2, 3})}, soft({.ignore_index = 1}), "ignore_index"},
          {{sample({2, 3}), sample({2, 3})}, soft({.label_smoothing = -1}), "within [0, 1]"},
          {{sample({2, 3}), sample({2, 3})}, soft({.weight = weight}), "each of 3 classes"}}};
}

const RegisterOps<CrossEntropy> kRegistered;

void check_probabilities(const Tensor& x, const Tensor& target,
                         const CrossEntropyOptions& options) {
  if (x.dim() == 0 || !(x.sizes() == target.sizes())) {
    const std::string reason =
        "targets are class labels (int64), or probabilities of the classes, of the input's shape " +
        to_string(x.sizes()) + "; got " + std::string(name_of(target.dtype())) + " " +
        to_string(target.sizes());
    if (x.dim() == target.dim()) throw ShapeError(reason);
    throw DTypeError(reason);
  }
  check_class_weight(options.weight, x);
  check_smoothing(options.label_smoothing);
  if (options.ignore_index >= 0) {
    throw ValueError("ignore_index " + std::to_string(options.ignore_index) +
                     " is for class labels; targets that are probabilities have none");
  }
}

Tensor cross_entropy_of_probabilities(const Tensor& input, const Tensor& target,
                                      const CrossEntropyOptions& options) {
  check_probabilities(input, target, options);
  const Tensor x = for_loss(input);
  const int dim = class_dim(x);
  const auto classes = static_cast<double>(x.size(dim));
  Tensor shares = for_loss(target);
  if (options.label_smoothing != 0) {
    shares = shares * (1 - options.label_smoothing) + options.label_smoothing / classes;
  }
  if (options.weight.defined()) {
    Shape sizes = Shape::filled(x.dim(), 1);
    sizes[dim] = x.size(dim);
    shares = shares * reshape(options.weight.detach().to(x.dtype()), sizes);
  }
  const Tensor losses = -sum(log_softmax(x, dim) * shares, {dim});
  return reduced(losses, options.reduction);
}

}  // namespace
}  // namespace ops

Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options,
                     Location at) {
  if (target.defined() && target.is_floating_point()) {
    return ops::compose("cross_entropy", at, [&] {
      return ops::cross_entropy_of_probabilities(input, target, options);
    });
  }
  return ops::apply(ops::CrossEntropy{target, options}, {input}, at);
}

Tensor cross_entropy(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return cross_entropy(input, target, {.reduction = reduction}, at);
}

namespace nn {
namespace {

struct CrossEntropySettings : ReductionOptions {
  std::int64_t ignore_index = -100;
  double label_smoothing = 0;
  std::vector<double> weight;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("ignore_index", ignore_index, "examples of this label count for nothing");
    o("label_smoothing", label_smoothing, "share of a label that all classes get alike",
      {.min = 0, .max = 1});
    o("weight", weight, "of each class; by default all count alike", {.min = 0});
  }
};

const bool kRegistered = register_loss<CrossEntropySettings>(
    "cross_entropy", "-log softmax(output)[label], for classification",
    Targets::LabelsOrProbabilities,
    [](const CrossEntropySettings& o) {
      const CrossEntropyOptions options = {.weight = ops::class_weight(o.weight),
                                           .ignore_index = o.ignore_index,
                                           .reduction = o.value(),
                                           .label_smoothing = o.label_smoothing};
      return [=](const Tensor& output, const Tensor& target) {
        return cross_entropy(output, target, options);
      };
    },
    [](const CrossEntropySettings& o) {
      return LossTraits{.has_probabilities = true,
                        .predicted = [](const Tensor& output) { return softmax(output, 1); },
                        .weight =
                            [weight = o.weight, ignored = o.ignore_index](const Tensor& target) {
                              return ops::weight_of_labels(target, weight, ignored);
                            }};
    });

}  // namespace
}  // namespace nn
}  // namespace gradus
