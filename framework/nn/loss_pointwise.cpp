#include "framework/kernels/pointwise_loss.h"
#include "framework/nn/loss.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/views.h"

namespace gradus {
namespace ops {
namespace {

using autograd::SavedTensor;

// kernels::pointwise_loss with a reduction; the two ops derive from it.
struct PointwiseLoss {
  kernels::PointwiseLoss loss;
  Reduction reduction;
  Tensor weight{};
  Tensor pos_weight{};
  SavedTensor saved_weight{};
  SavedTensor saved_pos_weight{};
  double factor = 1;

  Tensor forward(Inputs in) {
    if (!(in[0].sizes() == in[1].sizes())) {
      throw ShapeError("input and target differ in shape: " + to_string(in[0].sizes()) + " and " +
                       to_string(in[1].sizes()));
    }
    const DType dtype = in[0].dtype();
    prepare_weight(weight, saved_weight, in[0]);
    prepare_weight(pos_weight, saved_pos_weight, in[0]);
    const Dense operands(in[0], in[1], weight, pos_weight);
    weight = pos_weight = {};
    if (reduction == Reduction::None) {
      Tensor losses(in[0].sizes(), dtype);
      kernels::pointwise_loss(loss, losses.raw(), operands.views());
      return losses;
    }
    const double sum = kernels::pointwise_loss(loss, {}, operands.views());
    if (reduction == Reduction::Mean) factor = 1 / static_cast<double>(in[0].numel());
    return kernels::dispatch_floating(dtype, [&]<class T>(T) {
      return number(static_cast<T>(reduction == Reduction::Mean && in[0].numel() == 0
                                       ? std::numeric_limits<double>::quiet_NaN()
                                       : sum * factor));
    });
  }

 protected:
  // The operands in one dense order; they own the memory.
  struct Dense {
    Tensor x, y, weight, pos_weight;

    Dense(const Tensor& input, const Tensor& target, Tensor w, Tensor p)
        : x(input.contiguous()),
          y(target.contiguous()),
          weight(std::move(w)),
          pos_weight(std::move(p)) {}
    [[nodiscard]] kernels::LossOperands views() const {
      const auto view = [](const Tensor& t) { return t.defined() ? t.raw() : kernels::View(); };
      return {x.raw(), y.raw(), view(weight), view(pos_weight)};
    }
  };

  static void prepare_weight(Tensor& values, SavedTensor& saved, const Tensor& x) {
    if (!values.defined()) return;
    values = expand(values.to(x.dtype()), x.sizes()).contiguous();
    saved = SavedTensor(values);
  }
  static Tensor unpack(const SavedTensor& saved, std::string_view op) {
    return saved.defined() ? saved.unpack({}, op) : Tensor();
  }

  Gradients fused(const Saved& s, const Tensor& g, const Needs& needs, std::string_view op) {
    const Dense operands(s.input(0), s.input(1), unpack(saved_weight, op),
                         unpack(saved_pos_weight, op));
    const auto wanted = [&](std::size_t i) {
      return needs[i] ? Tensor(operands.x.sizes(), operands.x.dtype()) : Tensor();
    };
    const auto view = [](const Tensor& t) { return t.defined() ? t.raw() : kernels::View(); };
    Gradients gradients = {wanted(0), wanted(1)};
    kernels::pointwise_loss_grad(loss, view(gradients[0]), view(gradients[1]), g.contiguous().raw(),
                                 factor, operands.views());
    return gradients;
  }
};

struct MseLoss : PointwiseLoss {
  static constexpr OpInfo kInfo{.name = "mse_loss",
                                .doc = "(input - target)^2, then reduced.",
                                .inputs = 2,
                                .floating = true,
                                .autocast = AutocastRule::Full,
                                .saves = kSaveInput0 | kSaveInput1};

  explicit MseLoss(Reduction how) : PointwiseLoss{kernels::PointwiseLoss::Mse, how} {}
  // One pass; under create_graph the same from public ops.
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    if (!GradMode::is_enabled()) return fused(s, g, needs, kInfo.name);
    const Tensor slope = (s.input(0) - s.input(1)) * (g * (2 * factor));
    return {slope, needs[1] ? -slope : Tensor()};
  }
  static Samples samples() {
    const auto with = [](Reduction reduction) {
      return [=](Inputs in) { return mse_loss(in[0], in[1], reduction); };
    };
    return {.good = {{{sample({3, 4}), sample({3, 4})}, with(Reduction::Mean)},
                     {{sample({3}), sample({3})}, with(Reduction::Sum)},
                     {{sample({2, 2}), sample({2, 2})}, with(Reduction::None)},
                     {{sample({0, 2}), sample({0, 2})}, with(Reduction::Sum)}},
            .bad = {{{sample({3}), sample({4})}, with(Reduction::Mean), "differ in shape"}}};
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
      : PointwiseLoss{kernels::PointwiseLoss::BceWithLogits, options.reduction, options.weight,
                      options.pos_weight} {}
  // One pass; under create_graph the same from public ops.
  Gradients backward(const Saved& s, const Tensor& g, const Needs& needs) {
    if (!GradMode::is_enabled()) return fused(s, g, needs, kInfo.name);
    const Tensor x = s.input(0);
    const Tensor y = s.input(1);
    const Tensor w = unpack(saved_weight, kInfo.name);
    const Tensor p = unpack(saved_pos_weight, kInfo.name);
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

const RegisterOps<MseLoss, BinaryCrossEntropyWithLogits> kRegistered;

}  // namespace
}  // namespace ops

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return ops::apply(ops::MseLoss(reduction), {input, target}, at);
}

Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyOptions& options, Location at) {
  return ops::apply(ops::BinaryCrossEntropyWithLogits(options), {input, target}, at);
}

}  // namespace gradus
