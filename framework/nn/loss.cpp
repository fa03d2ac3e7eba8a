#include "framework/nn/loss.h"
#include "framework/ops/apply.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/indexing.h"
#include "framework/ops/normalization.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus {
namespace ops {
namespace {

struct MseLoss {
  static constexpr OpInfo kInfo{
      .name = "mse_loss", .doc = "(input - target)^2, then reduced.", .inputs = 2};
  static Samples samples() {
    const auto with = [](Reduction reduction) {
      return [=](Inputs in) { return mse_loss(in[0], in[1], reduction); };
    };
    return {.good = {{{sample({3, 4}), sample({3, 4})}, with(Reduction::Mean)},
                     {{sample({3}), sample({3})}, with(Reduction::Sum)},
                     {{sample({2, 2}), sample({2, 2})}, with(Reduction::None)}},
            .bad = {{{sample({3}), sample({4})}, with(Reduction::Mean), "differ in shape"}}};
  }
};

struct CrossEntropy {
  static constexpr OpInfo kInfo{.name = "cross_entropy",
                                .doc = "-log_softmax(input)[target], then reduced."};
  static Samples samples() {
    const auto with = [](Reduction reduction, const NestedNumbers& labels) {
      return [=](Inputs in) { return cross_entropy(in[0], tensor(labels), reduction); };
    };
    return {.good = {{{sample({3, 4})}, with(Reduction::Mean, {0, 3, 1})},
                     {{sample({2, 3})}, with(Reduction::Sum, {2, 2})},
                     {{sample({2, 3})}, with(Reduction::None, {0, 1})}},
            .bad = {{{sample({2, 3})}, with(Reduction::Mean, {0}), "needs input [N, C]"},
                    {{sample({2, 3})}, with(Reduction::Mean, {0, 3}), "label 3 is outside [0, 3)"},
                    {{sample({2, 3})}, with(Reduction::Mean, {0.0, 1.0}), "class labels (int64)"}}};
  }
};

const RegisterOps<MseLoss, CrossEntropy> kRegistered;

}  // namespace
}  // namespace ops

namespace {

Tensor reduced(const Tensor& values, Reduction reduction) {
  switch (reduction) {
    case Reduction::None:
      return values;
    case Reduction::Sum:
      return sum(values);
    default:
      return mean(values);
  }
}

}  // namespace

Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return ops::compose("mse_loss", at, [&] {
    if (!(input.sizes() == target.sizes())) {
      throw ShapeError("input and target differ in shape: " + to_string(input.sizes()) + " and " +
                       to_string(target.sizes()));
    }
    const Tensor difference = input - target;
    return reduced(difference * difference, reduction);
  });
}

Tensor cross_entropy(const Tensor& input, const Tensor& target, Reduction reduction, Location at) {
  return ops::compose("cross_entropy", at, [&] {
    if (input.dim() != 2 || target.dim() != 1 || target.size(0) != input.size(0)) {
      throw ShapeError("needs input [N, C] and target [N], got " + to_string(input.sizes()) +
                       " and " + to_string(target.sizes()));
    }
    if (target.dtype() != kInt64) {
      throw DTypeError("targets are class labels (int64), got " +
                       std::string(name_of(target.dtype())));
    }
    for (const std::int64_t label : target.to_vector<std::int64_t>()) {
      if (label < 0 || label >= input.size(1)) {
        throw ValueError("label " + std::to_string(label) + " is outside [0, " +
                         std::to_string(input.size(1)) + "), the classes of input " +
                         to_string(input.sizes()));
      }
    }
    const Tensor picked = gather(log_softmax(input, 1), 1, unsqueeze(target, 1));
    return reduced(-squeeze(picked, 1), reduction);
  });
}

namespace nn {

Registry<Loss>& losses() {
  static Registry<Loss> registry("loss");
  return registry;
}

namespace {

struct ReductionOptions {
  std::string reduction = "mean";
  void describe(OptionReader& o) {
    o("reduction", reduction, "how the losses of a batch become one", {"mean", "sum"});
  }
  [[nodiscard]] Reduction value() const {
    return reduction == "sum" ? Reduction::Sum : Reduction::Mean;
  }
};

class MseLoss : public Loss {
 public:
  explicit MseLoss(Reduction reduction) : reduction_(reduction) {}
  Tensor operator()(const Tensor& output, const Tensor& target) const override {
    return mse_loss(output, target, reduction_);
  }
  [[nodiscard]] bool is_classification() const override { return false; }

 private:
  Reduction reduction_;
};

class CrossEntropyLoss : public Loss {
 public:
  explicit CrossEntropyLoss(Reduction reduction) : reduction_(reduction) {}
  Tensor operator()(const Tensor& output, const Tensor& target) const override {
    return cross_entropy(output, target, reduction_);
  }
  [[nodiscard]] bool is_classification() const override { return true; }

 private:
  Reduction reduction_;
};

template <class L>
bool add(const char* name, const char* doc) {
  return losses().add<ReductionOptions>(
      name, doc, [](const ReductionOptions& o) { return std::make_shared<L>(o.value()); });
}

const bool kRegistered[] = {
    add<CrossEntropyLoss>("cross_entropy", "-log softmax(output)[label], for classification"),
    add<MseLoss>("mse", "(output - target)^2, for regression"),
};

}  // namespace
}  // namespace nn
}  // namespace gradus
