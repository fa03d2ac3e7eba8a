// resnet: the residual networks of He et al. (2015) for small images: a convolution 3 x 3 to 16
// channels, three stages of n blocks with 16, 32 and 64 channels, the mean over the image, a linear
// layer; 6n + 2 layers in all. As in their experiments on CIFAR-10 every shortcut is an identity
// without parameters (option A): where the stride is 2 it takes every second pixel, and channels of
// zeros stand on both sides. Weights of convolutions are normal with variance 2 / (out * 9), as in
// torchvision, whose names the children bear.
#include "framework/autograd/grad_mode.h"
#include "framework/nn/layers.h"
#include "framework/ops/activation.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/rearrangement.h"
#include "framework/ops/views.h"
#include "framework/tensor/sampling.h"
#include "framework/train/model.h"

#include <cmath>

namespace gradus {
namespace {

nn::Conv2d convolution(std::int64_t in, std::int64_t out, std::int64_t stride) {
  nn::Conv2d conv(in, out, 3, nn::Conv2dOptions{.stride = stride, .padding = 1, .bias = false});
  const NoGradGuard no_grad;
  conv->weight.copy_(randn(conv->weight.sizes()) * std::sqrt(2.0 / static_cast<double>(out * 9)));
  return conv;
}

class Block : public nn::Module {
 public:
  Block(std::int64_t in, std::int64_t out, std::int64_t stride)
      : stride_(stride),
        extra_(out - in),
        conv1_(register_module("conv1", convolution(in, out, stride))),
        bn1_(register_module("bn1", nn::BatchNorm2d(out))),
        conv2_(register_module("conv2", convolution(out, out, 1))),
        bn2_(register_module("bn2", nn::BatchNorm2d(out))) {}

  Tensor forward(const Tensor& x) override {
    const Tensor inner = bn1_->forward_relu(conv1_(x));
    return bn2_->forward_relu(conv2_(inner), shortcut(x));
  }
  [[nodiscard]] std::string type_name() const override { return "BasicBlock"; }

 private:
  // Padded with the channels last, where they lie in memory.
  [[nodiscard]] Tensor shortcut(const Tensor& x) const {
    const Tensor y = stride_ == 1 ? x : avg_pool2d(x, 1, {.stride = stride_});
    if (extra_ == 0) return y;
    return pad(y.permute({0, 2, 3, 1}), {extra_ / 2, extra_ - extra_ / 2}).permute({0, 3, 1, 2});
  }

  std::int64_t stride_;
  std::int64_t extra_;
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
};

class ResNet : public nn::Module {
 public:
  ResNet(std::int64_t blocks, std::int64_t channels, std::int64_t outputs)
      : conv1_(register_module("conv1", convolution(channels, 16, 1))),
        bn1_(register_module("bn1", nn::BatchNorm2d(16))),
        layer1_(register_module("layer1", stage(blocks, 16, 16, 1))),
        layer2_(register_module("layer2", stage(blocks, 16, 32, 2))),
        layer3_(register_module("layer3", stage(blocks, 32, 64, 2))),
        fc_(register_module("fc", nn::Linear(64, outputs))) {}

  Tensor forward(const Tensor& x) override {
    const Tensor y = layer3_(layer2_(layer1_(bn1_->forward_relu(conv1_(x)))));
    return fc_(adaptive_avg_pool2d(y, 1).flatten(1));
  }
  [[nodiscard]] std::string type_name() const override { return "ResNet"; }

 private:
  static nn::Sequential stage(std::int64_t blocks, std::int64_t in, std::int64_t out,
                              std::int64_t stride) {
    nn::Sequential blocks_in_a_row;
    for (std::int64_t i = 0; i < blocks; ++i) {
      blocks_in_a_row->push_back(
          std::make_shared<Block>(i == 0 ? in : out, out, i == 0 ? stride : 1));
    }
    return blocks_in_a_row;
  }

  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Sequential layer1_, layer2_, layer3_;
  nn::Linear fc_;
};

struct ResNetOptions {
  std::int64_t depth = 20;

  void describe(OptionReader& o) {
    o("depth", depth, "number of layers: 6n + 2, such as 20, 32, 44, 56 or 110", {.min = 8});
    if (depth % 6 != 2) {
      throw ConfigError(o.path() + "/depth", "must be 6n + 2, such as 20, 32, 44, 56 or 110; got " +
                                                 std::to_string(depth));
    }
  }
};

std::shared_ptr<nn::Module> make_resnet(const ResNetOptions& options, const ModelInput& input) {
  const Shape& image = input.input_shape;
  if (image.size() != 3) {
    throw ShapeError("resnet: needs images [C, H, W], the data has shape " + to_string(image));
  }
  return std::make_shared<ResNet>((options.depth - 2) / 6, image[0], input.outputs);
}

const bool kRegistered = models().add<ResNetOptions>(
    "resnet", "a residual network for small images (He et al., CIFAR form)", make_resnet);

}  // namespace
}  // namespace gradus
