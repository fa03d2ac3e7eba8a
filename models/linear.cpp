// linear: one linear layer on all numbers of an example. With the loss mse that is linear
// regression, with cross_entropy (multinomial) logistic regression, and with
// binary_cross_entropy_with_logits that of two classes; the optimizer's weight_decay is the ridge.
#include "framework/nn/layers.h"
#include "framework/ops/shape.h"
#include "framework/train/model.h"

namespace gradus {
namespace {

struct LinearOptions {
  bool bias = true;
  void describe(OptionReader& o) { o("bias", bias, "whether there is an intercept"); }
};

class LinearModel : public nn::Module {
 public:
  LinearModel(const LinearOptions& o, const ModelInput& input)
      : linear_(register_module("linear",
                                nn::Linear(input.input_shape.numel(), input.outputs, o.bias))) {}
  Tensor forward(const Tensor& x) override { return linear_(x.flatten(1)); }
  [[nodiscard]] std::string type_name() const override { return "LinearModel"; }

 private:
  nn::Linear linear_;
};

const bool kRegistered =
    models().add<LinearOptions>("linear", "one linear layer: linear and logistic regression",
                                [](const LinearOptions& options, const ModelInput& input) {
                                  return std::make_shared<LinearModel>(options, input);
                                });

}  // namespace
}  // namespace gradus
