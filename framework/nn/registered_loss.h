// How losses register themselves: options that hold the reduction, and a function of the model's
// output and the target. Included by loss families only.
//
//   const bool kRegistered = register_loss<HuberSettings>(
//       "huber", "what it is", Targets::Values, [](const HuberSettings& o) {
//         return [=](const Tensor& output, const Tensor& target) { return ...; };
//       });
//
// The options have a `reduction`. A last argument, a function of the options too, gives LossTraits.
#pragma once

#include "framework/nn/loss.h"

namespace gradus::nn {

/// What a data set gives as the targets of a loss.
enum class Targets { Labels, LabelsOrProbabilities, Values };

struct ReductionOptions {
  std::string reduction = "mean";
  void describe(OptionReader& o) {
    o("reduction", reduction, "how the losses of a batch become one", {"mean", "sum"});
  }
  [[nodiscard]] Reduction value() const {
    return reduction == "sum" ? Reduction::Sum : Reduction::Mean;
  }
};

/// What a loss is beside its function: see Loss.
struct LossTraits {
  bool has_probabilities = false;
  std::function<Tensor(const Tensor& output)> predicted = {};  ///< none: the output
  /// By what the mean over a batch divides; none: by its examples, or something in proportion.
  std::function<double(const Tensor& target)> weight = {};
};

template <class F>
class FunctionLoss : public Loss {
 public:
  FunctionLoss(F function, Targets targets, bool is_sum, LossTraits traits)
      : function_(std::move(function)),
        targets_(targets),
        is_sum_(is_sum),
        traits_(std::move(traits)) {}
  Tensor operator()(const Tensor& output, const Tensor& target) const override {
    return function_(output, target);
  }
  [[nodiscard]] bool is_classification() const override { return targets_ != Targets::Values; }
  [[nodiscard]] bool takes_soft_labels() const override {
    return targets_ == Targets::LabelsOrProbabilities;
  }
  [[nodiscard]] LossShare share(double loss, const Tensor& target) const override {
    if (is_sum_) return {loss, static_cast<double>(target.size(0))};
    if (!traits_.weight) return Loss::share(loss, target);
    const double weight = traits_.weight(target);
    return {weight == 0 ? 0 : loss * weight, weight};
  }
  [[nodiscard]] bool has_probabilities() const override { return traits_.has_probabilities; }
  [[nodiscard]] Tensor predicted(const Tensor& output) const override {
    return traits_.predicted ? traits_.predicted(output) : output;
  }

 private:
  F function_;
  Targets targets_;
  bool is_sum_;
  LossTraits traits_;
};

/// bind(options) gives the function, traits(options) the rest. Returns true, for a namespace-scope
/// constant.
template <class Options, class Bind, class Traits>
bool register_loss(const char* name, const char* doc, Targets targets, Bind bind, Traits traits) {
  return losses().add<Options>(name, doc, [=](const Options& options) {
    auto function = bind(options);
    return std::make_shared<FunctionLoss<decltype(function)>>(
        function, targets, options.reduction == "sum", traits(options));
  });
}

template <class Options, class Bind>
bool register_loss(const char* name, const char* doc, Targets targets, Bind bind) {
  return register_loss<Options>(name, doc, targets, bind,
                                [](const Options& /*options*/) { return LossTraits{}; });
}

}  // namespace gradus::nn
