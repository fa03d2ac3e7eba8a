// lenet: LeNet-5 (LeCun et al., 1998) as it is commonly built: two convolutions 5 x 5 with poolings
// by 2, then layers of 120, 84 and as many outputs as there are classes; each map of the second
// convolution sees all of the first. Names are those of PyTorch's tutorials: conv1, conv2, fc1,
// fc2, fc3. For images of 28 x 28 in one channel and ten classes it has 61,706 parameters.
#include "framework/nn/layers.h"
#include "framework/nn/registered_layers.h"
#include "framework/ops/pooling.h"
#include "framework/ops/shape.h"
#include "framework/train/model.h"

#include <nlohmann/json.hpp>

namespace gradus {
namespace {

struct LeNetOptions {
  std::string activation = "tanh";
  std::string pooling = "avg";
  std::int64_t padding = 2;

  void describe(OptionReader& o) {
    o("activation", activation, "after each layer but the last", {"tanh", "relu", "sigmoid"});
    o("pooling", pooling, "the mean of four pixels, or the largest", {"avg", "max"});
    o("padding", padding,
      "zeros about the image: 2 makes the paper's 32 x 32 of 28 x 28, 0 is for those", {.min = 0});
  }
};

class LeNet : public nn::Module {
 public:
  LeNet(const LeNetOptions& o, const Shape& image, std::int64_t outputs)
      : conv1_(register_module(
            "conv1", nn::Conv2d(image[0], 6, 5, nn::Conv2dOptions{.padding = o.padding}))),
        conv2_(register_module("conv2", nn::Conv2d(6, 16, 5))),
        fc1_(register_module(
            "fc1",
            nn::Linear(16 * last_side(image[1], o.padding) * last_side(image[2], o.padding), 120))),
        fc2_(register_module("fc2", nn::Linear(120, 84))),
        fc3_(register_module("fc3", nn::Linear(84, outputs))),
        activation_(nn::layers().make({{"type", o.activation}})),
        takes_mean_(o.pooling == "avg") {}

  Tensor forward(const Tensor& x) override {
    const auto pool = [this](const Tensor& y) {
      return takes_mean_ ? avg_pool2d(y, 2) : max_pool2d(y, 2);
    };
    nn::Module& activation = *activation_;
    const Tensor y = pool(activation(conv2_(pool(activation(conv1_(x))))));
    return fc3_(activation(fc2_(activation(fc1_(y.flatten(1))))));
  }
  [[nodiscard]] std::string type_name() const override { return "LeNet"; }

  // Of the maps behind the second pooling.
  static std::int64_t last_side(std::int64_t side, std::int64_t padding) {
    return ((side + 2 * padding - 4) / 2 - 4) / 2;
  }

 private:
  nn::Conv2d conv1_, conv2_;
  nn::Linear fc1_, fc2_, fc3_;
  std::shared_ptr<nn::Module> activation_;
  bool takes_mean_;
};

std::shared_ptr<nn::Module> make(const LeNetOptions& options, const ModelInput& input) {
  const Shape& image = input.input_shape;
  if (image.size() != 3) {
    throw ShapeError("lenet: needs images [C, H, W], the data has shape " + to_string(image));
  }
  for (const std::int64_t side : {image[1], image[2]}) {
    if (LeNet::last_side(side, options.padding) >= 1) continue;
    throw ShapeError("lenet: its convolutions and poolings leave nothing of images " +
                     to_string(image) + "; they need sides of at least " +
                     std::to_string(16 - 2 * options.padding));
  }
  return std::make_shared<LeNet>(options, image, input.outputs);
}

const bool kRegistered = models().add<LeNetOptions>("lenet", "LeNet-5 (LeCun et al.)", make);

}  // namespace
}  // namespace gradus
