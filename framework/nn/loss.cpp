#include "framework/nn/loss.h"
#include "framework/tensor/creation.h"

namespace gradus::nn {

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

struct LabelOptions : ReductionOptions {
  std::int64_t ignore_index = -100;
  double label_smoothing = 0;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("ignore_index", ignore_index, "examples of this label count for nothing");
    o("label_smoothing", label_smoothing, "share of a label that all classes get alike",
      {.min = 0, .max = 1});
  }
};

struct BinaryOptions : ReductionOptions {
  double pos_weight = 1;
  void describe(OptionReader& o) {
    ReductionOptions::describe(o);
    o("pos_weight", pos_weight, "weight of target 1 against that of 0", {.min = 0});
  }
};

// A loss made of a function (output, target).
template <class F>
class FunctionLoss : public Loss {
 public:
  FunctionLoss(F function, bool is_classification)
      : function_(std::move(function)), is_classification_(is_classification) {}
  Tensor operator()(const Tensor& output, const Tensor& target) const override {
    return function_(output, target);
  }
  [[nodiscard]] bool is_classification() const override { return is_classification_; }

 private:
  F function_;
  bool is_classification_;
};

// bind(options) gives the function.
template <class Options, class Bind>
bool add(const char* name, const char* doc, bool is_classification, Bind bind) {
  return losses().add<Options>(name, doc, [=](const Options& options) {
    auto function = bind(options);
    return std::make_shared<FunctionLoss<decltype(function)>>(function, is_classification);
  });
}

const bool kRegistered[] = {
    add<LabelOptions>("cross_entropy", "-log softmax(output)[label], for classification", true,
                      [](const LabelOptions& o) {
                        const CrossEntropyOptions options = {.ignore_index = o.ignore_index,
                                                             .reduction = o.value(),
                                                             .label_smoothing = o.label_smoothing};
                        return [=](const Tensor& output, const Tensor& target) {
                          return cross_entropy(output, target, options);
                        };
                      }),
    add<ReductionOptions>("mse", "(output - target)^2, for regression", false,
                          [](const ReductionOptions& o) {
                            return [reduction = o.value()](const Tensor& output,
                                                           const Tensor& target) {
                              return mse_loss(output, target, reduction);
                            };
                          }),
    add<BinaryOptions>("binary_cross_entropy_with_logits",
                       "-log of sigmoid(output) or of 1 - sigmoid(output), for targets 1 and 0",
                       false,
                       [](const BinaryOptions& o) {
                         BinaryCrossEntropyOptions options = {.reduction = o.value()};
                         if (o.pos_weight != 1) options.pos_weight = tensor(o.pos_weight);
                         return [=](const Tensor& output, const Tensor& target) {
                           return binary_cross_entropy_with_logits(output, target, options);
                         };
                       }),
};

}  // namespace
}  // namespace gradus::nn
