// How losses register themselves: options that hold the reduction, and a function of the model's
// output and the target. Included by loss families only.
//
//   const bool kRegistered = register_loss<HuberSettings>(
//       "huber", "what it is", Targets::Values, [](const HuberSettings& o) {
//         return [=](const Tensor& output, const Tensor& target) { return ...; };
//       });
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

template <class F>
class FunctionLoss : public Loss {
 public:
  FunctionLoss(F function, Targets targets) : function_(std::move(function)), targets_(targets) {}
  Tensor operator()(const Tensor& output, const Tensor& target) const override {
    return function_(output, target);
  }
  [[nodiscard]] bool is_classification() const override { return targets_ != Targets::Values; }
  [[nodiscard]] bool takes_soft_labels() const override {
    return targets_ == Targets::LabelsOrProbabilities;
  }

 private:
  F function_;
  Targets targets_;
};

/// bind(options) gives the function. Returns true, for a namespace-scope constant.
template <class Options, class Bind>
bool register_loss(const char* name, const char* doc, Targets targets, Bind bind) {
  return losses().add<Options>(name, doc, [=](const Options& options) {
    auto function = bind(options);
    return std::make_shared<FunctionLoss<decltype(function)>>(function, targets);
  });
}

}  // namespace gradus::nn
